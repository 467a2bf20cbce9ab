#pragma once
#include "common/base/ids.hpp"

namespace parley::app {

/// A lease: the index of the entry that granted it; 0 is "no lease".
struct LeaseId : StrongNumber<struct LeaseIdTag> {};

}  // namespace parley::app
