// SPDX-License-Identifier: Apache-2.0
#ifndef DR_KERNELS_STREAMS_H
#define DR_KERNELS_STREAMS_H

#include <stddef.h>
#include <stdint.h>

// X(name, (arguments)); n counts elements, rows are contiguous.
#define DR_STREAM_KERNELS(X)

#endif
