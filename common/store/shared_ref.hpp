#pragma once
#include <atomic>
#include <cstdint>
#include <utility>

namespace parley::store {

/// The count of those who share an object, within the object: half of what a std::shared_ptr takes, for rows and nodes
/// of which there are millions.
class Counted {
 public:
  Counted() = default;
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 protected:
  ~Counted() = default;

 private:
  template <class T>
  friend class SharedRef;
  mutable std::atomic<std::uint32_t> references_{0};
};

/// A share of an immutable object of a class made of Counted, which T::destroy() frees after the last of them.
/// Thread-safe as shared_ptr is.
template <class T>
class SharedRef {
 public:
  SharedRef() = default;
  explicit SharedRef(const T* object) : object_(object) { enter(); }
  SharedRef(const SharedRef& other) : object_(other.object_) { enter(); }
  SharedRef(SharedRef&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  SharedRef& operator=(SharedRef other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~SharedRef() {
    if (object_ != nullptr && object_->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) T::destroy(object_);
  }

  [[nodiscard]] const T* get() const { return object_; }
  const T& operator*() const { return *object_; }
  const T* operator->() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  friend bool operator==(const SharedRef&, const SharedRef&) = default;

 private:
  void enter() const {
    if (object_ != nullptr) object_->references_.fetch_add(1, std::memory_order_relaxed);
  }

  const T* object_ = nullptr;
};

}  // namespace parley::store
