// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <string.h>

#include "CKernels.h"

#define LEVEL base
#define VECTOR_BYTES 16
#include "bodies/level.h"
