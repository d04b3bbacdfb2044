"""What a candidate is scored on. A task of your own is a subclass of `Task`; `register` gives it a name."""

from actsearch.language import Kind
from actsearch.tasks.base import Data, Examples, Quality, Task
from actsearch.tasks.classification import Classification
from actsearch.tasks.datasets import DataSet, Split
from actsearch.tasks.imagenet import Standardize, StreamedImages
from actsearch.tasks.language_modelling import LanguageModel
from actsearch.tasks.recipe import Muon, Recipe
from actsearch.tasks.registry import ANCHORS, DEEP, TASK_SETS, TASKS, factory_of, get_task, get_tasks, register
from actsearch.tasks.regression import Pairs, Regression
from actsearch.tasks.streamed import Streamed

__all__ = [
    "ANCHORS",
    "DEEP",
    "TASKS",
    "TASK_SETS",
    "Classification",
    "Data",
    "DataSet",
    "Examples",
    "Kind",
    "LanguageModel",
    "Muon",
    "Pairs",
    "Quality",
    "Recipe",
    "Regression",
    "Split",
    "Standardize",
    "Streamed",
    "StreamedImages",
    "Task",
    "factory_of",
    "get_task",
    "get_tasks",
    "register",
]
