"""The model that MLflow serves: two exported programs and this file, which travels with them.

Needs PyTorch and MLflow only; nothing here is unpickled.

    model = mlflow.pyfunc.load_model("models:/NAME@champion")
    model.predict(images)                                # reconstructions
    model.predict(images, params={"entry": "encode"})    # {"mean": ..., "variance": ...}
    vae = model.unwrap_python_model()
    vae.encode(images), vae.decode(latents), vae.reconstruct(images)

Images are float32 (n, channels, height, width) as in training, latents float32 (n, latent).
"""

from typing import Any

import numpy as np
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

Array = np.ndarray[Any, np.dtype[np.float32]]


class ServedModel(PythonModel):
    """An autoencoder by its three entry points."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the programs."""
        import torch

        self._encode = torch.export.load(context.artifacts["encode"]).module()
        self._decode = torch.export.load(context.artifacts["decode"]).module()

    def encode(self, images: Array) -> dict[str, Array]:
        """Mean and variance of q(z|x), each (n, latent)."""
        mean, variance = self._run(self._encode, images)
        return {"mean": mean, "variance": variance}

    def decode(self, latents: Array) -> Array:
        """Mean images (n, channels, height, width)."""
        image: Array = self._run(self._decode, latents)[0]
        return image

    def reconstruct(self, images: Array) -> Array:
        """Mean images of the posterior means."""
        return self.decode(self.encode(images)["mean"])

    def predict(
        self,
        context: PythonModelContext,
        model_input: np.ndarray,  # MLflow warns of any other type
        params: dict[str, Any] | None = None,
    ) -> Array | dict[str, Array]:
        """Reconstructions or, with `params={"entry": "encode"}`, means and variances."""
        del context
        entry = (params or {}).get("entry", "reconstruct")
        if entry == "encode":
            return self.encode(model_input)
        if entry == "reconstruct":
            return self.reconstruct(model_input)
        raise ValueError(f"entry {entry!r}: 'encode' or 'reconstruct' is expected")

    def _run(self, program: Any, values: Array) -> tuple[Array, ...]:
        import torch

        with torch.no_grad():
            output = program(torch.from_numpy(np.ascontiguousarray(values, np.float32)))
        outputs = output if isinstance(output, tuple) else (output,)
        return tuple(each.numpy() for each in outputs)


set_model(ServedModel())
