// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <string.h>

#include "CKernels.h"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,f16c,bmi,bmi2"))), apply_to = function)
#define LEVEL v4
#define VECTOR_BYTES 64
#include "bodies/level.h"
#pragma clang attribute pop
#endif
