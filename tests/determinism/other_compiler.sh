#!/bin/sh
# other_compiler.sh OTHER COMPILER ARGUMENT...: runs OTHER where CMake would run COMPILER; by ccache, if it is there.
set -e
other=$1
shift 2
if command -v ccache >/dev/null 2>&1; then
  exec ccache "$other" "$@"
fi
exec "$other" "$@"
