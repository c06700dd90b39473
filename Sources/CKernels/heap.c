// SPDX-License-Identifier: Apache-2.0
#include "CKernels.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

void dr_trim_heap(void) {
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}
