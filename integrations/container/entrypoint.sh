#!/bin/sh
# `serve` alone: for whoever can reach the mapped port, so with a token, which the first start makes and shows once.
# Anything else is given to `mimica` as it is.
set -eu
if [ "$#" -eq 1 ] && [ "$1" = serve ]; then
    tokens="$MIMICA_HOME/tokens"
    [ -s "$tokens" ] || mimica serve --token-file "$tokens" --make-token first
    port="${MIMICA_PORT:-7860}"
    exec mimica serve --host 0.0.0.0 --port "$port" --token-file "$tokens" \
        --public-url "${MIMICA_PUBLIC_URL:-http://localhost:$port}"
fi
exec mimica "$@"
