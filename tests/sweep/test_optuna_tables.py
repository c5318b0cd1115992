"""What `LeanDatabase` takes for granted about Optuna's tables, whose names are not public."""

import optuna
from optuna.storages import _CachedStorage
from optuna.storages._cached_storage import _StudyInfo
from optuna.storages._rdb import models

COLUMNS = {
    models.StudyModel: {"study_id", "study_name"},
    models.TrialModel: {
        *("trial_id", "number", "study_id", "state", "datetime_start", "datetime_complete"),
    },
    models.TrialParamModel: {
        *("param_id", "trial_id", "param_name", "param_value", "distribution_json"),
    },
    models.TrialValueModel: {"trial_value_id", "trial_id", "objective", "value", "value_type"},
    models.TrialIntermediateValueModel: {
        *("trial_intermediate_value_id", "trial_id", "step"),
        *("intermediate_value", "intermediate_value_type"),
    },
    models.TrialUserAttributeModel: {"trial_user_attribute_id", "trial_id", "key", "value_json"},
    models.TrialSystemAttributeModel: {
        *("trial_system_attribute_id", "trial_id", "key", "value_json"),
    },
}


def test_tables_are_those_that_the_statements_were_written_for() -> None:
    assert optuna.__version__ == "5.0.0", "read the statements again before changing this"
    assert models.SCHEMA_VERSION == 12
    assert {table: set(table.__table__.columns.keys()) for table in COLUMNS} == COLUMNS


def test_cache_is_kept_as_the_storage_takes_it_over() -> None:
    kept = vars(_StudyInfo())
    assert {"trials", "last_finished_trial_id", "unfinished_trial_ids"} <= kept.keys()
    for name in ("_get_cached_trial", "_add_trials_to_cache"):
        assert callable(getattr(_CachedStorage, name))
