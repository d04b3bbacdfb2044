#!/bin/bash
# One search on several nodes: a Ray cluster for the time of the job, a worker on each GPU.
#SBATCH --job-name=actsearch-ray
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=16
#SBATCH --time=12:00:00
#SBATCH --requeue
set -euo pipefail

# Activate your environment here, the same on every node: source ~/actsearch/.venv/bin/activate

OUT=${OUT:-runs/cluster}
HEAD=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
PORT=$((20000 + SLURM_JOB_ID % 10000))  # jobs that share a node do not meet
export RAY_USAGE_STATS_ENABLED=0

srun --overlap --nodes=1 --ntasks=1 --nodelist="$HEAD" \
    ray start --head --block --port="$PORT" --num-gpus="$SLURM_GPUS_ON_NODE" --include-dashboard=false &
until ray status --address "$HEAD:$PORT" > /dev/null 2>&1; do sleep 2; done

if [ "$SLURM_JOB_NUM_NODES" -gt 1 ]; then
    srun --overlap --nodes=$((SLURM_JOB_NUM_NODES - 1)) --ntasks=$((SLURM_JOB_NUM_NODES - 1)) --exclude="$HEAD" \
        ray start --block --address="$HEAD:$PORT" --num-gpus="$SLURM_GPUS_ON_NODE" &
fi

# Workers that join later get work, too. A job that was stopped or requeued goes on where the archive ends.
actsearch search --space swish-2 --task digits-resnet --budget 20000 --batch 512 --out "$OUT" --minutes 705 \
    --executor ray --address "$HEAD:$PORT" --piece-minutes 30 controller:evolution
# The ends of the job steps end the cluster.
