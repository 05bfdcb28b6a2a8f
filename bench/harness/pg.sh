#!/bin/bash
# private PostgreSQL 15 on loopback, own data directory, Debian's binaries, default fsync/synchronous_commit
# usage: pg.sh start|stop|wipe; everything in bench/run
cd "$(dirname "$0")"; HERE=$PWD/../run; mkdir -p "$HERE"; HERE=$(cd "$HERE"; pwd); export BENCH_PGPORT=${BENCH_PGPORT:-54329}
BIN=$(ls -d /usr/lib/postgresql/*/bin | tail -1); D=$HERE/pgdata
case "$1" in
 start)
  if [ ! -f $D/PG_VERSION ]; then
    mkdir -p $D && chown postgres $D && chmod 700 $D
    su postgres -c "$BIN/initdb -D $D -U postgres -A trust -E UTF8 --locale=C.UTF-8 >/dev/null"
    cat >> $D/postgresql.conf <<C
listen_addresses='127.0.0.1'
port=$BENCH_PGPORT
unix_socket_directories=''
shared_buffers=1GB
effective_cache_size=8GB
max_wal_size=8GB
checkpoint_timeout=15min
max_connections=200
shared_preload_libraries='pg_stat_statements'
pg_stat_statements.track=none
autovacuum_naptime=20s
C
  fi
  nice -n ${BENCH_NICE:--10} su postgres -c "$BIN/pg_ctl -D $D -l $D/log -w start" >/dev/null || exit 1
  echo ${BENCH_NICE:--10} > /proc/$(head -1 $D/postmaster.pid)/autogroup 2>/dev/null || true ;;
 stop) su postgres -c "$BIN/pg_ctl -D $D -m fast stop" ;;
 wipe) su postgres -c "$BIN/pg_ctl -D $D -m fast stop"; rm -rf $D ;;
esac
