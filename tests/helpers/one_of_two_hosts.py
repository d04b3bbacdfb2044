"""Not a test: one of two processes that train together, as hosts of a cluster do. Arguments: a free port, 0 or 1."""

import json
import sys

import jax

jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_cpu_collectives_implementation", "gloo")


def main(port: str, process: int) -> None:
    """Trains with a batch over all devices of both processes, then two candidates over the processes; prints both."""
    jax.distributed.initialize(f"localhost:{port}", num_processes=2, process_id=process)
    from actsearch.catalog import CATALOG
    from actsearch.evaluation import DataParallel, score_programs
    from tests.helpers.tiny import tiny_layer_task

    programs = [CATALOG[name].program for name in ("evonorm_b0", "batch_norm_relu")]
    losses = {}
    for size in (4, 2):
        results = score_programs(tiny_layer_task(), programs, [0, 1], engine="specialize", devices=DataParallel(size))
        losses[size] = [row["loss"] for result in results for row in result.metrics]
    print(json.dumps({"devices": jax.device_count(), "own": jax.local_device_count(), "losses": losses}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
