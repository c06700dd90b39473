// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <string.h>

#include "CKernels.h"

#define LEVEL base
#include "bodies/level.h"
