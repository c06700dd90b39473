// SPDX-License-Identifier: Apache-2.0

@_exported public import Autodiff
@_exported public import Backbones
@_exported public import Checkpoints
@_exported public import Layers
@_exported public import Optimizers
@_exported public import Reversible
@_exported public import Tensors
