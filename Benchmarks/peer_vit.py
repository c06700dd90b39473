# SPDX-License-Identifier: Apache-2.0
"""One finetuning step of DINOv2 ViT-S/14 in PyTorch (transformers): seconds and resident memory.

    python peer_vit.py --batch 16 --size 224 --way conventional --threads 2

A step is forward, loss = sum(features * v) / count with a fixed vector v, backward through every
parameter, AdamW (transformers' Dinov2Model in training mode without dropout; float32; CPU). Prints
one JSON line on standard output; `processorSeconds` is the smallest user + system time of a step,
over all threads, which other work on the machine disturbs less than the clock. Run one process a
measurement: the peak resident set is the process's. `checkpointed` is the library's own gradient
checkpointing (one layer a segment).
"""

import argparse
import json
import os
import pathlib
import re
import resource
import statistics
import time


def resident_bytes():
    """The process's resident set now (Linux)."""
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def peak_bytes():
    """The process's largest resident set so far; Linux reports KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def build(torch, arguments):
    from transformers import Dinov2Config, Dinov2Model

    torch.manual_seed(0)
    model = Dinov2Model(Dinov2Config(
        hidden_size=384, num_hidden_layers=12, num_attention_heads=6, image_size=518, patch_size=14,
        use_mask_token=False, attn_implementation=arguments.attention))
    if arguments.weights:
        from safetensors.torch import load_file
        own = dict(model.named_parameters())
        published = {"q": "attention.query", "k": "attention.key", "v": "attention.value",
                     "o": "output.dense"}
        names = {re.sub(r"([qkvo])_proj", lambda m: published[m[1]], n): n for n in own}
        state = load_file(arguments.weights)
        state.pop("embeddings.mask_token", None)
        model.load_state_dict({names[n]: v for n, v in state.items()}, strict=True)
    model.train()
    if arguments.way == "checkpointed":
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", type=int, default=224, help="side of the frames, multiple of 14")
    parser.add_argument("--way", choices=("conventional", "checkpointed"), default="conventional")
    parser.add_argument("--attention", choices=("eager", "sdpa"), default="sdpa")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5, help="timed steps, after --warmup")
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--weights", help="safetensors under the published Hugging Face names")
    arguments = parser.parse_args()

    os.environ.setdefault("OMP_NUM_THREADS", str(arguments.threads))
    import numpy as np
    import torch
    import transformers

    torch.set_num_threads(arguments.threads)
    generator = np.random.default_rng(0)
    shape = (arguments.batch, 3, arguments.size, arguments.size)
    pixels = torch.from_numpy(generator.standard_normal(shape, dtype=np.float32))
    vector = torch.from_numpy(generator.standard_normal(384, dtype=np.float32))
    before_model = resident_bytes()
    model = build(torch, arguments)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, weight_decay=0.05)

    seconds, processor, losses, load = [], [], [], os.getloadavg()[0]
    for _ in range(arguments.warmup + arguments.steps):
        start, start_processor = time.perf_counter(), time.process_time()
        features = model(pixels).last_hidden_state
        loss = (features * vector).sum() / features.numel()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - start_processor)
        losses.append(loss.item())
        del features, loss
    timed = seconds[arguments.warmup:]
    blas = [line.strip(" -") for line in torch.__config__.show().splitlines()
            if re.search(r"Math Kernel|MKL-DNN|OpenBLAS|oneDNN|CPU capability", line)
            and "settings" not in line]
    print(json.dumps(dict(
        peer="transformers Dinov2Model", way=arguments.way, batch=arguments.batch,
        size=arguments.size, threads=torch.get_num_threads(), attention=arguments.attention,
        stepSeconds=round(statistics.median(timed), 4), minimumSeconds=round(min(timed), 4),
        processorSeconds=round(min(processor[arguments.warmup:]), 4), steps=len(timed),
        peakResidentBytes=peak_bytes(), residentBeforeModelBytes=before_model,
        firstLoss=losses[0], lastLoss=losses[-1], loadBefore=round(load, 2),
        torch=torch.__version__, transformers=transformers.__version__, blas=blas)))


if __name__ == "__main__":
    main()
