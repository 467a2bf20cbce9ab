#include "logger/compaction/command_reduction.hpp"

#include "common/app/quota.hpp"
#include "common/app/reduced.hpp"
#include "common/app/reducer.hpp"
#include "common/transfer/rows.hpp"

namespace parley::logger {
namespace {

class CommandReduction final : public archive::Reduction {
 public:
  void begin() override { reducer_.emplace(); }

  void begin_image() override {
    reducer_.reset();
    rows_ = {};
  }
  Status add_rows(BytesView rows) override {
    const bool are_rows = transfer::visit_rows(rows, [this](BytesView key, BytesView value) {
      if (app::Reducer::keeps(key)) rows_.put(key, value);
    });
    return are_rows ? Status{} : fail(ErrorCode::corrupt, "a chunk of an image does not hold rows");
  }
  Status end_image() override {
    auto reducer = app::Reducer::at(rows_);
    rows_ = {};
    if (!reducer) return std::unexpected(reducer.error());
    reducer_.emplace(std::move(*reducer));
    return {};
  }

  Bytes checkpoint() override {
    Bytes rows;
    reducer_->rows().scan({}, [&rows](BytesView key, BytesView value) {
      transfer::append_row(rows, key, value);
      return true;
    });
    return rows;
  }
  Status restore(BytesView checkpoint) override {
    begin_image();
    if (Status added = add_rows(checkpoint); !added) return added;
    return end_image();
  }

  Status take(const archive::ArchivedEntry& archived) override {
    if (!archived.is_reduced()) {
      reducer_->take(archived.entry);
      return {};
    }
    const auto reduced = app::decode_reduced(archived.entry.payload.view());
    if (!reduced)
      return fail(ErrorCode::corrupt,
                  "what is left of entry " + std::to_string(archived.entry.index.value) + " means nothing");
    // The reducer looks at the length of a value, and not at the value.
    placeholder_.resize(reduced->value_bytes);
    Entry whole = archived.entry;
    whole.payload = SharedBytes(app::encode_command(reduced->command(placeholder_)));
    reducer_->take(whole);
    return {};
  }
  std::vector<Index> end_window() override { return reducer_->end_window(); }
  std::optional<Bytes> residue(BytesView payload) const override { return app::reduce(payload); }

 private:
  app::MemoryTable rows_;  ///< of an image that is coming in
  std::optional<app::Reducer> reducer_;
  Bytes placeholder_;
};

}  // namespace

std::unique_ptr<archive::Reduction> make_command_reduction() { return std::make_unique<CommandReduction>(); }

}  // namespace parley::logger
