"""`pio run -e posix` and `-e rv32-virt`: the project's own build, whose compilers and sources it finds itself."""

from SCons.Script import AlwaysBuild, Default, DefaultEnvironment

env = DefaultEnvironment()
board = env["PIOENV"]
program = env.Command(
    "$BUILD_DIR/${PIOENV}",
    [],
    env.VerboseAction(
        f'cd "$PROJECT_DIR" && node --import tsx host/cli/main.ts build --board {board} --firmware "$TARGET.abspath"',
        f"Building the firmware of {board}",
    ),
)
AlwaysBuild(program)
Default(program)
