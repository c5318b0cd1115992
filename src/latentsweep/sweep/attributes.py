"""Names under which a sweep keeps what it knows in Optuna's storage, and what is kept there."""

# Of the study.
SETTINGS = "latentsweep.settings"  # what makes it this search: space, conditions, objectives, fixed
METHOD = "latentsweep.method"  # sampler, pruner and their arguments, seed
N_TRIALS = "latentsweep.n_trials"
DIRECTORY = "latentsweep.directory"  # of the sweep, absolute
PARENT = "latentsweep.parent"  # MLflow's parent run: uri (without credentials), experiment, run
FORGIVEN = "latentsweep.forgiven"  # failures before the sweep was started again
STOPPED = "latentsweep.stopped"  # why no trial is started any more, or ""

# Of a trial.
SLOT = "slot"  # which of the n_trials this is, from 0; trials of one slot follow each other
ATTEMPT = "attempt"  # how often this very run was taken up after its worker died
CONTINUES = "continues"  # number of the trial that it takes up
LEASE = "lease"  # worker, host, pid, count of its signs of life, time of the last one
STINTS = "stints"  # work on it before it was handed back: begins and ends, since the epoch
RUN = "run"  # the run's directory, relative to the sweep's
METRICS = "metrics"  # of the validation split after the last epoch, by name with its split
EPOCHS = "epochs"  # epochs that were trained; with one objective its last report tells that
WARM_START = "warm_start"  # the earlier study and the trial of it that this one repeats
FAILURE = "failure"  # why the trial failed, one line
