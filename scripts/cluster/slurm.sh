#!/usr/bin/env bash
#SBATCH --job-name=petl
#SBATCH --ntasks=16
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=2G
#SBATCH --time=24:00:00
#SBATCH --requeue
# A scheduler, a worker for each task, and a study on them, from a folder of the project that all nodes see:
#   sbatch scripts/cluster/slurm.sh existing-methods --tier full
# A job that was cut off and is queued again goes on from what it had kept.
set -euo pipefail
cd "${SLURM_SUBMIT_DIR:?submit this with sbatch, in the folder of the project}"
python=$PWD/.venv/bin/python
file=$PWD/.cache/dask-$SLURM_JOB_ID.json
rm -f "$file"
trap 'kill $(jobs -p) 2>/dev/null || true; rm -f "$file"' EXIT

"$python" -m distributed.cli.dask_scheduler --scheduler-file "$file" --host "$(hostname -f)" --no-dashboard &
srun "$python" -m distributed.cli.dask_worker --scheduler-file "$file" --nthreads 1 --memory-limit 0 \
  --local-directory "${TMPDIR:-/tmp}" --no-dashboard &
until test -s "$file"; do sleep 1; done
address=$("$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["address"])' "$file")
node bin/petl.cjs study "$@" --cluster "$address" --threads "${SLURM_CPUS_PER_TASK:-1}"
