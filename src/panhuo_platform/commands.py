"""``panhuo serve`` and ``panhuo manage …``: found by the command line through the entry points ``panhuo.commands``."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
from typing import Annotated

import typer

from panhuo.commands.options import Lang
from panhuo.commands.printing import say
from panhuo_platform.beside import beside

SETTINGS = "panhuo_platform.config.settings"


def add_to(root: typer.Typer) -> None:
    """Put the platform's commands at the top level."""
    root.command("serve")(serve_command)
    audit = typer.Typer(no_args_is_help=True, help="审计 / the audit")
    audit.command("verify")(audit_verify_command)
    root.add_typer(audit, name="audit")
    root.command(
        "manage",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
        add_help_option=False,
    )(manage_command)


def serve_command(
    host: Annotated[str, typer.Option(help="监听的地址 / address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="端口 / port")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="进程数 / processes")] = 1,
    threads: Annotated[int, typer.Option(min=1, max=64, help="每个进程的线程数 / threads of each")] = 4,
    worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="同时运行后台处理程序 / run a worker for long jobs beside it")
    ] = True,
    lang: Lang = "zh",
) -> None:
    """启动平台网站 / serve the platform

    数据在 PANHUO_HOME（默认 ./panhuo-home）；设了 DATABASE_URL 时用 PostgreSQL + PostGIS。

    Data lie in PANHUO_HOME (./panhuo-home); with DATABASE_URL in PostgreSQL with PostGIS.
    """
    _set_up()
    _free(host, port)
    _migrated(lang)
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    shown = f"[{host}]" if ":" in host else host
    say(
        f"盘活已启动：http://{shown}:{port}/ （Ctrl-C 停止）",
        f"Panhuo at http://{shown}:{port}/ (Ctrl-C stops it)",
        lang,
    )
    server = Server(
        "panhuo_platform.config.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        websockets=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
    )
    with beside() if worker else contextlib.nullcontext():
        server.serve()


def manage_command(context: typer.Context) -> None:
    """管理命令（migrate、createcachetable……）/ administration: Django's commands and ours"""
    _set_up(django=False)
    from django.core.management import execute_from_command_line

    execute_from_command_line(["panhuo manage", *context.args])


def audit_verify_command() -> None:
    """核对审计链：每一条都与散列值相符、前后相连 / check the chain of the audit"""
    _set_up(django=False)
    from django.core.management import execute_from_command_line

    execute_from_command_line(["panhuo", "audit_verify"])


def _set_up(*, django: bool = True) -> None:
    if importlib.util.find_spec("django") is None:
        from panhuo.messages import PanhuoError

        raise PanhuoError(
            "没有安装平台部分。请运行：pip install 'panhuo[platform]'",
            "The platform is not installed. Run: pip install 'panhuo[platform]'",
        )
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    if django:
        import django as framework

        framework.setup()


def _free(host: str, port: int) -> None:
    """Stop with a plain word where somebody else has the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            from panhuo.messages import PanhuoError

            raise PanhuoError(
                f"不能在 {host}:{port} 上监听（{error.strerror}）；请用 --port 换一个端口。",
                f"Cannot listen on {host}:{port} ({error.strerror}); choose another --port.",
            ) from error


def _migrated(lang: str) -> None:
    """Bring an embedded store up to date; ask for it where the database is somebody's care."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor
    from django.db.utils import OperationalError

    from panhuo.messages import PanhuoError

    try:
        executor = MigrationExecutor(connection)
    except OperationalError as error:
        raise PanhuoError(
            f"连不上数据库：{str(error).strip()}", f"The database cannot be reached: {str(error).strip()}"
        ) from error
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not waiting:
        return
    if connection.vendor == "sqlite":
        call_command("migrate", verbosity=0, interactive=False)
        return
    raise PanhuoError(
        f"数据库结构还有 {len(waiting)} 步没有更新。请先备份，再运行：panhuo manage migrate",
        f"The database waits for {len(waiting)} steps of migration. Make a backup, then run: panhuo manage migrate",
    )
