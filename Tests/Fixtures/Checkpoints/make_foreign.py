# SPDX-License-Identifier: Apache-2.0
"""Writes lightning.pth: a checkpoint whose hyper-parameters and callbacks hold objects of libraries
that nobody has installed, beside a plain state dict; needs numpy and torch.
"""
import argparse
import collections
import enum
import functools
import os
import pathlib
import sys
import types

import numpy as np
import torch

os.chdir(os.path.dirname(os.path.abspath(__file__)))


def module(name, **contents):
    """A module that exists while this script runs."""
    made = types.ModuleType(name)
    for end in [index for index, letter in enumerate(name) if letter == "."]:
        sys.modules.setdefault(name[:end], types.ModuleType(name[:end]))
    for key, value in contents.items():
        value.__module__ = name
        setattr(made, key, value)
    sys.modules[name] = made
    return made


class Attributes(dict):
    """A dictionary of a class of its own, as Lightning keeps hyper-parameters."""


class Config:
    """Has a state of nested objects, as configuration libraries pickle theirs."""

    def __init__(self, content):
        self.content = content

    def __getstate__(self):
        return {"content": self.content, "parent": None}


class Loss(torch.nn.Module):
    """A module among the hyper-parameters, with tensors of its own."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(2))


class Made:
    """Is made by a call with arguments, keywords too."""

    def __new__(cls, value, *, other):
        self = super().__new__(cls)
        self.value, self.other = value, other
        return self

    def __getnewargs_ex__(self):
        return (1,), {"other": [2]}


class Stage(enum.Enum):
    FIT = "fit"


class Outer:
    class Inner:
        pass


module("nobody.has.this", Attributes=Attributes, Config=Config, Loss=Loss, Made=Made, Stage=Stage,
       Outer=Outer)
Outer.Inner.__module__ = "nobody.has.this"

ramp = (torch.arange(6, dtype=torch.float64) * 0.25 - 1).reshape(2, 3).float()
parameters = Attributes(
    rate=np.float64(0.5), steps=np.int64(3), table=np.arange(3), options=argparse.Namespace(depth=2),
    path=pathlib.PurePosixPath("data"), config=Config({"depth": [Config({}), 2]}), loss=Loss(),
    made=Made(1, other=[2]), stage=Stage.FIT, inner=Outer.Inner(),
    activation=functools.partial(torch.nn.functional.gelu, approximate="tanh"),
    kinds={torch.float32, torch.device("cpu")}, counts=collections.Counter("ab"),
    scattered=torch.eye(2).to_sparse(), half=torch.zeros(2, dtype=torch.complex64),
    blob=bytearray(b"abc"))
for name, protocol in [("lightning", 2), ("lightning5", 5)]:
    torch.save({
        "epoch": 3, "pytorch-lightning_version": "2.4.0", "hyper_parameters": parameters,
        "callbacks": {"best": Config({"score": torch.tensor(0.5)})},
        "state_dict": collections.OrderedDict(
            [("model.weight", ramp), ("model._extra_state", Config({}))]),
    }, name + ".pth", pickle_protocol=protocol)
for pair in [("state_dict", "state_dict_ema"), ("model", "model_ema"), ("student", "teacher"),
             ("ema_state_dict", "state_dict")]:
    torch.save({pair[0]: {"weight": torch.zeros(2, 3)}, "epoch": 1, pair[1]: {"weight": ramp}},
               f"two_{pair[1]}.pth")
print("numpy", np.__version__, "torch", torch.__version__)
