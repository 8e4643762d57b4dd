%% What the two nodes of a capture say to each other: `talker` runs on the first, `echo` on the second.
-module(scenario).
-export([start/0, echo/1, die/1, stay/0]).

start() ->
    case os:getenv("ROLE") of
        "listener" ->
            register(echo, spawn(fun() -> scenario:echo([]) end)),
            io:format("READY~n");
        Part ->
            Peer = list_to_atom(os:getenv("PEER")),
            true = net_kernel:connect_node(Peer),
            talk(Part, Peer),
            timer:sleep(200),
            io:format("DONE~n"),
            halt()
    end.

%% Answers what it is told to answer.
echo(State) ->
    receive
        {Pid, self} -> Pid ! {self(), node()}, echo(State);
        {Pid, echo, Term} -> Pid ! {echo, Term}, echo(State);
        {alias, Alias, Term} -> Alias ! {via_alias, Term}, echo(State);
        {Pid, prio, Alias} ->
            erlang:send(Alias, {urgent, 1}, [priority]),
            apply(erlang, exit, [Alias, {urgent, 2}, [priority]]),
            Pid ! sent,
            echo(State);
        {Pid, atoms, Atoms} -> Pid ! {atoms, Atoms}, echo(State);
        _ -> echo(State)
    end.

die(Reason) -> receive go -> exit(Reason) end.
stay() -> receive stop -> ok end.

talk("signals", Peer) ->
    process_flag(trap_exit, true),
    {echo, Peer} ! {self(), self},
    Echo = receive {Pid, Peer} when is_pid(Pid) -> Pid end,
    signals(Echo, Peer),
    seq_trace:set_token(label, 17),
    seq_trace:set_token(send, true),
    signals(Echo, Peer),
    seq_trace:set_token([]);
talk("links", Peer) ->
    process_flag(trap_exit, true),
    {echo, Peer} ! {self(), self},
    Echo = receive {Pid, Peer} when is_pid(Pid) -> Pid end,
    link(Echo),
    unlink(Echo),
    exit(Echo, {stop, 1}),
    timer:sleep(50);
talk("priority", Peer) ->
    process_flag(trap_exit, true),
    Alias = erlang:alias([priority]),
    {echo, Peer} ! {self(), prio, Alias},
    receive sent -> ok end,
    {echo, Peer} ! {alias, Alias, plain},
    receive {via_alias, plain} -> ok end;
talk("bulk", Peer) ->
    %% More than one header can hold, then more than the cache can hold, then again.
    Name = fun(I) -> list_to_atom("atom_" ++ integer_to_list(I)) end,
    [begin
         Atoms = [Name(I) || I <- lists:seq(From, From + 399)],
         {echo, Peer} ! {self(), atoms, Atoms},
         receive {atoms, Atoms} -> ok end
     end || From <- lists:seq(0, 2800, 400) ++ lists:seq(0, 400, 400)],
    %% An atom of more than 255 bytes.
    Long = list_to_atom(lists:duplicate(255, 16#4e2d)),
    {echo, Peer} ! {self(), echo, Long},
    receive {echo, Long} -> ok end,
    %% Around the size of one fragment, and several.
    [begin
         Bytes = binary:copy(<<"0123456789abcdef">>, Size div 16),
         {echo, Peer} ! {self(), echo, {Size, Bytes}},
         receive {echo, {Size, Bytes}} -> ok end
     end || Size <- [65408, 65536, 65600, 131072, 300000]],
    List = [1000 + I rem 7 || I <- lists:seq(1, 60000)],
    {echo, Peer} ! {self(), echo, List},
    receive {echo, List} -> ok end.

signals(Echo, Peer) ->
    Echo ! {hello, 1, 2.5, <<"binary">>, [a, b], #{k => v}},
    {echo, Peer} ! {self(), echo, named},
    receive {echo, named} -> ok end,
    %% Monitors, of a pid and of a name, alive and not.
    M1 = monitor(process, Echo),
    demonitor(M1),
    M2 = monitor(process, {echo, Peer}),
    demonitor(M2),
    M3 = monitor(process, {nobody, Peer}),
    receive {'DOWN', M3, process, {nobody, Peer}, noproc} -> ok end,
    %% A link and a monitor that report the end of a process there.
    P1 = spawn(Peer, scenario, die, [{because, <<"x">>}]),
    link(P1),
    M4 = monitor(process, P1),
    P1 ! go,
    receive {'DOWN', M4, process, P1, {because, <<"x">>}} -> ok end,
    receive {'EXIT', P1, {because, <<"x">>}} -> ok end,
    %% A link that reports the end of a process here.
    P2 = spawn(Peer, scenario, stay, []),
    Token = seq_trace:get_token(),
    {Here, M5} = spawn_monitor(fun() -> seq_trace:set_token(Token), link(P2), exit({bye, P2}) end),
    receive {'DOWN', M5, process, Here, _} -> ok end,
    %% exit/2, the group leader.
    P3 = spawn(Peer, scenario, stay, []),
    group_leader(group_leader(), P3),
    exit(P3, {go_away, "now"}),
    %% An unlink.
    P4 = spawn(Peer, scenario, stay, []),
    link(P4),
    unlink(P4),
    P4 ! stop,
    spawn_requests(Peer),
    aliases(Echo).

spawn_requests(Peer) ->
    try
        {_, M} = spawn_opt(Peer, scenario, die, [normal], [link, monitor]),
        R = spawn_request(Peer, scenario, stay, [], [{no_such_option, 1}]),
        receive {spawn_reply, R, error, _} -> ok end,
        demonitor(M)
    catch error:_ -> ok
    end.

aliases(Echo) ->
    Alias = alias([reply]),
    Echo ! {alias, Alias, {x, 1}},
    receive {via_alias, {x, 1}} -> ok after 200 -> ok end.
