#!/bin/bash
# A job array: every member is a search of its own, with its own seed and its own archive. No Ray.
#SBATCH --job-name=actsearch
#SBATCH --array=0-7
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=04:00:00
#SBATCH --requeue
set -euo pipefail

# Activate your environment here, such as: source ~/actsearch/.venv/bin/activate

RUNS=${RUNS:-runs/array}  # on a file system that all nodes share
SPACE=${SPACE:-swish-2}
TASK=${TASK:-mnist1d-mlp}
BUDGET=${BUDGET:-2000}

# A member that was stopped or requeued finds its archive and goes on. It stops by itself before --time is over.
actsearch search --space "$SPACE" --task "$TASK" --budget "$BUDGET" --seed "$SLURM_ARRAY_TASK_ID" \
    --out "$RUNS/$SLURM_ARRAY_TASK_ID" --minutes 225 controller:evolution
