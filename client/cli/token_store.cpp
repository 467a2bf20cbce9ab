#include "client/cli/token_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "common/app/chat/names.hpp"
#include "common/base/entropy.hpp"
#include "common/base/hex.hpp"

namespace parley::client::cli {
namespace {

constexpr const char* first_line = "parley-token 1";
constexpr const char* suffix = ".token";
/// Far more than a file of ours has.
constexpr std::size_t most_bytes = 4096;

std::unexpected<Error> failed(const std::string& what, const std::filesystem::path& path) {
  return fail(ErrorCode::io, what + " " + path.string() + ": " + std::strerror(errno));
}

/// Closes what it holds.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

bool write_all(int fd, BytesView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Status sync_folder(const std::filesystem::path& folder) {
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.is_open() || ::fsync(fd.get()) != 0) return failed("cannot sync", folder);
  return {};
}

Result<std::string> read_private(int fd, const std::filesystem::path& path) {
  struct stat found {};
  if (::fstat(fd, &found) != 0) return failed("cannot read", path);
  if ((found.st_mode & 077) != 0)
    return fail(ErrorCode::refused, path.string() + " can be read by others: log in again, or make it 0600");
  std::string text(most_bytes, '\0');
  const ssize_t size = ::read(fd, text.data(), text.size());
  if (size < 0) return failed("cannot read", path);
  text.resize(static_cast<std::size_t>(size));
  return text;
}

}  // namespace

TokenStore::TokenStore(std::filesystem::path home, const ClusterId& cluster)
    : home_(std::move(home)), folder_(home_ / "tokens" / cluster.text()) {}

std::filesystem::path TokenStore::file_of(std::string_view user) const {
  return folder_ / (app::chat::folded(user) + suffix);
}

/// The home itself may be somebody's who shares it; what is ours in it is for its owner alone.
Status TokenStore::make_folders() const {
  std::error_code problem;
  std::filesystem::create_directories(home_.parent_path(), problem);
  for (const std::filesystem::path& folder : {home_, home_ / "tokens", folder_}) {
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failed("cannot make", folder);
  }
  return {};
}

Status TokenStore::prepare() const {
  if (Status made = make_folders(); !made) return made;
  const std::filesystem::path probe = folder_ / (std::to_string(draw_u64()) + ".probe");
  const Descriptor fd(::open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.is_open()) return failed("cannot write", probe);
  ::unlink(probe.c_str());
  return {};
}

Status TokenStore::keep(std::string_view user, const ChatToken& token) {
  if (Status made = make_folders(); !made) return made;
  const std::filesystem::path path = file_of(user);
  const std::filesystem::path other = path.string() + "." + std::to_string(draw_u64()) + ".new";
  {
    const Descriptor fd(::open(other.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd.is_open()) return failed("cannot write", other);
    const std::string text = std::string(first_line) + "\n" + std::string(user) + "\n" + to_hex(token.secret()) + "\n";
    if (!write_all(fd.get(), text) || ::fsync(fd.get()) != 0) {
      auto problem = failed("cannot write", other);
      ::unlink(other.c_str());
      return problem;
    }
  }
  if (::rename(other.c_str(), path.c_str()) != 0) {
    auto problem = failed("cannot replace", path);
    ::unlink(other.c_str());
    return problem;
  }
  return sync_folder(folder_);
}

Status TokenStore::forget(std::string_view user) {
  const std::filesystem::path path = file_of(user);
  if (::unlink(path.c_str()) == 0) return sync_folder(folder_);
  if (errno == ENOENT) return {};
  return failed("cannot remove", path);
}

Result<std::optional<TokenStore::Kept>> TokenStore::find(std::string_view user) const {
  // Only a name that a user can have makes the name of a file.
  if (app::chat::problem_of_user_name(user)) return std::optional<Kept>{};
  const std::filesystem::path path = file_of(user);
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.is_open()) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<Kept>{};
    return failed("cannot read", path);
  }
  auto text = read_private(fd.get(), path);
  if (!text) return std::unexpected(text.error());
  std::istringstream lines(*text);
  std::string first, name, secret;
  std::getline(lines, first);
  std::getline(lines, name);
  std::getline(lines, secret);
  const auto bytes = from_hex(secret);
  auto token = bytes ? ChatToken::from_secret(*bytes) : std::nullopt;
  if (first != first_line || !token || app::chat::folded(name) != app::chat::folded(user))
    return fail(ErrorCode::corrupt, path.string() + " holds no token: log in again");
  return std::optional<Kept>(Kept{std::move(name), *std::move(token)});
}

Result<std::vector<std::string>> TokenStore::users() const {
  std::vector<std::string> users;
  std::error_code problem;
  for (std::filesystem::directory_iterator at(folder_, problem), end; !problem && at != end; at.increment(problem)) {
    const std::string name = at->path().filename().string();
    if (name.ends_with(suffix)) users.push_back(name.substr(0, name.size() - std::strlen(suffix)));
  }
  if (problem && problem != std::errc::no_such_file_or_directory)
    return fail(ErrorCode::io, "cannot read " + folder_.string() + ": " + problem.message());
  std::ranges::sort(users);
  return users;
}

std::optional<std::filesystem::path> parley_home() {
  if (const char* home = std::getenv("PARLEY_HOME"); home != nullptr && *home != '\0') return home;
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return std::filesystem::path(home) / ".parley";
  return std::nullopt;
}

}  // namespace parley::client::cli
