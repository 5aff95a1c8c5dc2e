"""The operations that come with Headway: what they are called and what they take.

Importing this costs no more than Pydantic: an API process knows the schemas, and only the child
that runs an attempt imports the module with the numbers.
"""

from typing import Final

from headway.notices import OPERATION
from headway.operation import Operation
from headway.operations.asking import ask_model
from headway.operations.deliver import deliver_notice
from headway.operations.requests.deliver import DeliverNotice
from headway.operations.requests.evaluate import EvaluateModel
from headway.operations.requests.import_csv import ImportCsv, ImportShard
from headway.operations.requests.own import AskModel, RegisterModel
from headway.operations.requests.predict import BatchPredict
from headway.operations.requests.preprocess import Preprocess
from headway.operations.requests.promote import PromoteModel
from headway.operations.requests.train import TrainModel
from headway.retry import Backoff

IMPORT_CSV: Final = Operation(
    name="import_csv",
    function="headway.operations.import_csv:import_csv",
    input=ImportCsv,
    split="headway.operations.import_shards:split",
    merge="headway.operations.import_shards:merge",
    shard_input=ImportShard,
)
TRAIN_MODEL: Final = Operation(
    name="train_model", function="headway.operations.train:train_model", input=TrainModel
)
BATCH_PREDICT: Final = Operation(
    name="batch_predict",
    function="headway.operations.predict:batch_predict",
    input=BatchPredict,
    redoes_items=True,
    split="headway.operations.predict:split",
    merge="headway.operations.predict:merge",
)
EVALUATE_MODEL: Final = Operation(
    name="evaluate_model",
    function="headway.operations.evaluate:evaluate_model",
    input=EvaluateModel,
    split="headway.operations.evaluate:split",
    merge="headway.operations.evaluate:merge",
)
PREPROCESS: Final = Operation(
    name="preprocess", function="headway.operations.preprocess:preprocess", input=Preprocess
)
PROMOTE_MODEL: Final = Operation(
    name="promote_model",
    function="headway.operations.promote:promote_model",
    input=PromoteModel,
)
REGISTER_MODEL: Final = Operation(
    name="register_model",
    function="headway.operations.register:register_model",
    input=RegisterModel,
)
ASK_MODEL: Final = Operation(name="ask_model", function=ask_model, input=AskModel, max_attempts=1)
DELIVER_NOTICE: Final = Operation(
    name=OPERATION,
    function=deliver_notice,
    input=DeliverNotice,
    backoff=Backoff(base=10.0, cap=6 * 3_600.0),
    internal=True,
    settings=("smtp_url", "mail_from", "webhook_private"),
)

BUILTIN: Final = (
    IMPORT_CSV,
    PREPROCESS,
    TRAIN_MODEL,
    BATCH_PREDICT,
    EVALUATE_MODEL,
    PROMOTE_MODEL,
    REGISTER_MODEL,
    ASK_MODEL,
    DELIVER_NOTICE,
)

__all__ = [
    "ASK_MODEL",
    "BATCH_PREDICT",
    "BUILTIN",
    "DELIVER_NOTICE",
    "EVALUATE_MODEL",
    "IMPORT_CSV",
    "PREPROCESS",
    "PROMOTE_MODEL",
    "REGISTER_MODEL",
    "TRAIN_MODEL",
]
