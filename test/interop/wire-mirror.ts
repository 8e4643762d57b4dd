/** What runs on the Erlang node: a process that does as it is told. */
export const MIRROR = `
-module(mirror).
-export([start/0, loop/1, wait/0, busy/2]).

start() -> register(mirror, spawn(mirror, loop, [[]])).

%% Does as it is told; everything else it keeps for {Pid, kept}.
loop(Kept) ->
    receive
        {Pid, self} -> Pid ! {self, self()}, loop(Kept);
        {Pid, echo, Term} -> Pid ! {echo, Term}, loop(Kept);
        {Pid, kept} -> Pid ! {kept, lists:reverse(Kept)}, loop([]);
        {Pid, alias} -> Pid ! {alias, alias()}, loop(Kept);
        {Pid, prio_alias} -> Pid ! {alias, erlang:alias([priority])}, loop(Kept);
        {Pid, spawn} -> Pid ! {spawned, spawn(mirror, wait, [])}, loop(Kept);
        {Pid, watch, Other} -> monitor(process, Other), Pid ! watching, loop(Kept);
        {Pid, leader, Other} ->
            {group_leader, Leader} = process_info(Other, group_leader),
            Pid ! {leader, Leader},
            loop(Kept);
        {Pid, links, Other} -> Pid ! {links, process_info(Other, links)}, loop(Kept);
        {Pid, busy} -> spawn(mirror, busy, [Pid, node(Pid)]), loop(Kept);
        Other -> loop([Other | Kept])
    end.

wait() -> receive {stop, Reason} -> exit(Reason) end.
%% Every kind of signal, to a pid that does not exist.
busy(To, Node) ->
    process_flag(trap_exit, true),
    [To ! {number, N, list_to_atom("busy_" ++ integer_to_list(N))} || N <- lists:seq(1, 5000)],
    [To ! {many, [list_to_atom("many_" ++ integer_to_list(N)) || N <- lists:seq(I, I + 399)]}
     || I <- [0, 400, 0]],
    {some_name, Node} ! to_a_name,
    [To ! {large, Size, binary:copy(<<Size:32>>, Size div 4)} || Size <- [60000, 70000, 1000000]],
    link(To), unlink(To),
    M1 = monitor(process, To), demonitor(M1),
    M2 = monitor(process, {some_name, Node}), demonitor(M2),
    group_leader(self(), To),
    exit(To, {some, reason}),
    catch spawn_request(Node, m, f, [1, 2], [link, monitor]),
    link(To),
    seq_trace:set_token(label, {any, term}),
    seq_trace:set_token(send, true),
    To ! traced,
    exit({the_end, lists:seq(1, 50000)}).
`;
