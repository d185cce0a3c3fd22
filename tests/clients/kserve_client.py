"""KServe's own client, unmodified, against the given URL.

Checks health, metadata, and the answers in every encoding.
"""

import asyncio
import sys

import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig
from kserve.protocol.infer_type import RequestedOutput

# The risky and the calm deployment of requests/infer.json: the server must distinguish them.
RISKY = [800, 30, 2, 0, 18, 9, 1, 3]
CALM = [12, 1, 40, 12, 0, 2, 10, 0]


async def main(base: str) -> None:
    client = InferenceRESTClient(RESTConfig(protocol="v2", retries=0))
    assert await client.is_server_live(base)
    assert await client.is_server_ready(base)
    assert await client.is_model_ready(base, "rollback")
    answers = []
    for binary_in in (False, True):
        for binary_out in (None, True, False):
            tensor = InferInput("features", [1, 8], "FP32")
            tensor.set_data_from_numpy(np.array([RISKY], dtype=np.float32), binary_data=binary_in)
            wanted = {}
            if binary_out is not None:
                wanted["request_outputs"] = [
                    RequestedOutput("probabilities", parameters={"binary_data": binary_out})
                ]
            answer = await client.infer(
                base, InferRequest("rollback", [tensor], **wanted), model_name="rollback"
            )
            assert answer.model_name == "rollback"
            outputs = {output.name: output.as_numpy() for output in answer.outputs}
            answers.append(outputs["probabilities"])
    assert all(np.allclose(answer, answers[0], atol=1e-5) for answer in answers)
    assert abs(float(answers[0].sum()) - 1) < 1e-4 and float(answers[0][0][1]) > 0.5, answers[0]


asyncio.run(main(sys.argv[1]))
print("ok")
