# SPDX-License-Identifier: Apache-2.0
"""A layer of a detector's tower in PyTorch on the CPU: one JSON line a size.

    python peer_convolution.py --threads 2 --repeats 10 1,64,256,256

Sizes are samples, side, inputs, outputs: a convolution of 3 by 3 with padding and bias, then group
norm of 32 groups with ReLU. Seconds of the quickest call, forwards without a tape, and backwards alone
(both gradients of the convolution, the input's of the norm), for both memory formats.
"""

import argparse
import json

import torch
from peer_window_attention import quickest, values


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="+")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=10)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    for size in arguments.sizes:
        samples, side, inputs, outputs = map(int, size.split(","))
        found = {"samples": samples, "side": side, "inputs": inputs, "outputs": outputs}
        for name, layout in (("first", torch.contiguous_format), ("last", torch.channels_last)):
            def map_of(channels, seed):
                x = values([samples, side, side, channels], seed).permute(0, 3, 1, 2)
                return x.contiguous(memory_format=layout)

            x, slopes = map_of(inputs, 1).requires_grad_(), map_of(outputs, 3)
            weight = values([outputs, inputs, 3, 3], 2).contiguous(memory_format=layout)
            weight.requires_grad_()
            scale, shift = values([outputs], 4), values([outputs], 5)

            def convolved():
                return torch.nn.functional.conv2d(x, weight, shift, padding=1)

            y = convolved()
            before = y.detach().requires_grad_()

            def normalized():
                return torch.relu(torch.nn.functional.group_norm(before, 32, scale, shift))

            norm = normalized()
            with torch.no_grad():
                forward, norm_forward = (quickest(body, arguments.repeats)
                                         for body in (convolved, normalized))

            def gradients():
                return torch.autograd.grad(y, [x, weight], slopes, retain_graph=True)

            def norm_gradients():
                return torch.autograd.grad(norm, before, slopes, retain_graph=True)[0]

            def dot(a, b):
                return float((a.detach().double() * b.detach()).sum())

            by_input, by_weight = gradients()
            found |= {
                "result": dot(y, slopes), "inputGradient": dot(by_input, x),
                "weightGradient": dot(by_weight, weight), "normResult": dot(norm, slopes),
                "normGradient": dot(norm_gradients(), slopes)}
            found[name] = {
                "forward": forward, "normForward": norm_forward,
                "backward": quickest(gradients, arguments.repeats),
                "normBackward": quickest(norm_gradients, arguments.repeats)}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
