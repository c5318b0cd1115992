"""What the benchmark compares with: a plain Lightning script under Hydra's own Optuna sweeper."""

import logging
import warnings

import hydra
import pytorch_lightning as pl
import torch
from beta_vae import BetaVAE
from images import load
from omegaconf import DictConfig
from times import Times
from torch.utils.data import DataLoader


@hydra.main(config_path="conf", config_name="config", version_base="1.3")
def main(config: DictConfig) -> float:
    """Train one model; return its ELBO on the validation images, nats per image."""
    times = Times(config.times)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    torch.set_num_threads(1)
    pl.seed_everything(config.seed, verbose=False)
    train, val = load(config.data)
    model = BetaVAE(config.latent_size, config.beta, config.hidden_size, config.learning_rate)
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=config.max_epochs,
        callbacks=[times],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(
        model,
        DataLoader(train, batch_size=config.batch_size, shuffle=True),
        DataLoader(val, batch_size=config.batch_size),
    )
    elbo = float(trainer.callback_metrics["val_elbo"])
    times.finish(
        latent_size=config.latent_size,
        beta=config.beta,
        epochs=trainer.current_epoch,
        value=elbo,
    )
    return elbo


if __name__ == "__main__":
    main()
