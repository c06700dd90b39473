// SPDX-License-Identifier: Apache-2.0
#ifndef DR_KERNELS_HEAD_H
#define DR_KERNELS_HEAD_H

#include <stddef.h>
#include <stdint.h>

// X(name, (arguments)); n counts elements, rows are contiguous.
#define DR_HEAD_KERNELS(X)

#endif
