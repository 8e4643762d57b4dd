import { EPMD_PORT } from "disterl/epmd";

/** What is printed when the arguments make no sense. */
export const USAGE = `usage: epmd [-d|-debug] [DbgExtra...] [-address List]
            [-port No] [-daemon] [-relaxed_command_check]
       epmd [-d|-debug] [-port No] [-names|-kill|-stop name]

Run the daemon
    -address List
        IP addresses to listen on, separated by commas or blanks. Loopback is
        always added. Default: all addresses.
    -port No
        Port to listen on, or to ask. Default: ERL_EPMD_PORT, or ${EPMD_PORT}
    -daemon
        Run in the background. Returns when the port answers.
    -relaxed_command_check
        Let -kill end this daemon although nodes are registered, and let
        -stop take names away from nodes.
    -systemd
        Use the sockets that systemd has opened.
    -d
    -debug
        Log to standard error, and remember only 5 names that are free again.
        More of them: log more.

DbgExtra
    -packet_timeout Seconds
        How long a connection may take for its request. Default: 60
    -delay_accept Seconds
    -delay_write Seconds
        Wait before a new connection is served, or before each reply, as a
        busy daemon would.

Ask a daemon on this machine; these come last
    -names
        List the registered names.
    -started
        Say nothing; the exit status is 0 when a daemon answers.
    -dump
        List registered and remembered names.
    -kill
        End it. Refused while nodes are registered, unless it runs with
        -relaxed_command_check.
    -stop Name
        Take a name away from a node. Needs -relaxed_command_check.
`;
