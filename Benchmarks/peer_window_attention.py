# SPDX-License-Identifier: Apache-2.0
"""Window attention in PyTorch on the CPU: seconds of the quickest call, one JSON line a size.

    python peer_window_attention.py --threads 2 --repeats 10 128,392,3 841,49,3

Sizes are windows, tokens, heads of 32 scalars. Queries, keys and values come fused, as a linear layer
gives them, a bias [heads, tokens, tokens] and a mask of -100 across regions are added. Measured are
`scaled_dot_product_attention` with bias + mask as its mask, and the same in single operations
(scale, product, bias, mask, softmax, product), forwards without a tape, and forwards and backwards
with and without the gradient of the bias.
"""

import argparse
import json
import time

import numpy
import torch


def values(shape, seed):
    """The numbers of OperationTimes/Main.swift."""
    count = int(numpy.prod(shape))
    bits = (numpy.arange(count, dtype=numpy.uint64) * 2654435761 + seed) & 0xFFFFFFFF
    return torch.from_numpy((bits / 2147483648.0 - 1).astype(numpy.float32)).reshape(shape)


def quickest(body, repeats):
    """Seconds of the quickest of some calls, after one to warm up."""
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        body()
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="+")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=10)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    for size in arguments.sizes:
        windows, tokens, heads = map(int, size.split(","))
        width = 32 * heads
        qkv = values([windows, tokens, 3 * width], 1).requires_grad_()
        bias = values([heads, tokens, tokens], 2).requires_grad_()
        slopes = values([windows, tokens, width], 3)
        labels = (torch.arange(windows * tokens) // max(1, tokens // 2) % 3).view(windows, tokens)
        mask = torch.where(labels[:, None, :] != labels[:, :, None], -100.0, 0.0)[:, None]

        def split():
            return qkv.view(windows, tokens, 3, heads, 32).permute(2, 0, 3, 1, 4)

        def joined(x):
            return x.transpose(1, 2).reshape(windows, tokens, width)

        def fused(bias):
            return joined(torch.nn.functional.scaled_dot_product_attention(
                *split(), attn_mask=bias[None] + mask))

        def single(bias):
            q, k, v = split()
            scores = (q * 32 ** -0.5) @ k.transpose(-2, -1) + bias[None] + mask
            return joined(torch.softmax(scores, -1) @ v)

        found = {"windows": windows, "tokens": tokens, "heads": heads}
        for name, body in (("fused", fused), ("single", single)):
            def step(bias):
                qkv.grad = bias.grad = None
                result = body(bias)
                result.backward(slopes)
                return result
            with torch.no_grad():
                forward = quickest(lambda: body(bias), arguments.repeats)
            result = step(bias).detach()
            found |= {"result": float((result.double() * slopes).sum()),
                      "qkvGradient": float((qkv.grad.double() * qkv.detach()).sum()),
                      "biasGradient": float((bias.grad.double() ** 2).sum())}
            found[name] = {"forward": forward, "step": quickest(lambda: step(bias), arguments.repeats),
                           "stepWithoutBias": quickest(lambda: step(bias.detach()), arguments.repeats)}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
