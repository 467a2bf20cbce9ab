#include "common/app/changes.hpp"

namespace parley::app {

void ChangeList::clear() {
  changes_.clear();
  if (!kept_.empty()) kept_.clear();
}

}  // namespace parley::app
