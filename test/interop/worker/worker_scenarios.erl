%% Drives the worker of a node by every command it knows. A scenario gives what it saw; of a node in
%% Erlang and of ours it has to see the same. Every function of one argument called Node below the
%% first headline is a scenario.
-module(worker_scenarios).
-compile([export_all, nowarn_export_all, {no_auto_import, [unlink/1]}]).

%% Loaded on the node that drives; it serves what workers there call and look up.
start() ->
    true = register(server, spawn(fun server/0)),
    ok.

server() ->
    receive {'$gen_call', From, Request} -> served({From, Request}) end,
    server().

served({From, {echo, Term}}) -> gen_server:reply(From, Term);
served({{Pid, Tag}, {to_pid, Term}}) -> Pid ! {Tag, Term};
served({From, {busy, Pid, Term}}) -> Pid ! {ordinary, 1}, Pid ! {ordinary, 2}, gen_server:reply(From, Term);
served({_, {die, Reason}}) ->
    spawn(fun() -> receive after 50 -> register(server, spawn(fun server/0)) end end),
    exit(Reason);
served({_, silence}) -> ok;
served({_, {silence, Pid}}) -> Pid ! silent;
served({From, {late, Ms}}) -> spawn(fun() -> receive after Ms -> gen_server:reply(From, late) end end).

tell(To, Message) -> To ! Message.
tell_group_leader(To) -> To ! {group_leader, group_leader()}.
wait(Reason) -> receive after 60000 -> exit(Reason) end.

%% What a scenario saw at a node: pids and references are named, or told by their nodes.
run(Name, Node) ->
    Me = self(),
    {Pid, Monitor} = spawn_monitor(fun() ->
        put({known, self()}, driver),
        put(node, Node),
        Me ! {saw, self(), shown(worker_scenarios:Name(Node))}
    end),
    receive
        {saw, Pid, Seen} -> receive {'DOWN', Monitor, process, Pid, _} -> Seen end;
        {'DOWN', Monitor, process, Pid, Reason} -> {crashed, Reason}
    end.

shown(Term) when is_pid(Term); is_reference(Term) ->
    case get({known, Term}) of
        undefined when is_pid(Term) -> {pid, shown(node(Term))};
        undefined -> {ref, shown(node(Term))};
        Name -> Name
    end;
shown(Node) when Node =:= node() -> driver_node;
shown(Term) when is_atom(Term) ->
    case get(node) of
        Term -> worker_node;
        _ -> Term
    end;
shown([Head | Tail]) -> [shown(Head) | shown(Tail)];
shown(Term) when is_tuple(Term) -> list_to_tuple(shown(tuple_to_list(Term)));
shown(Term) when is_map(Term) -> maps:from_list(shown(maps:to_list(Term)));
shown(Term) -> Term.

%% Names a pid or reference in what is shown.
as(Name, Term) -> put({known, Term}, Name), Term.

ctl(Node, Request) -> gen_server:call({ctl, Node}, Request).

worker(Node) -> worker(Node, worker).
worker(Node, Name) -> as(Name, ctl(Node, spawn_worker)).

trapping(Node) -> trapping(Node, worker).
trapping(Node, Name) ->
    W = worker(Node, Name),
    false = do(W, {trap_exit, true}),
    W.

do(W, Command) ->
    Ref = make_ref(),
    W ! {do, self(), Ref, Command},
    receive {Ref, Result} -> Result after 8000 -> {no_answer, Command} end.

%% Waits until a worker has kept so many messages.
mail(W, Count) -> mail(W, Count, [], 400).
mail(_, Count, Kept, _) when length(Kept) >= Count -> Kept;
mail(_, _, Kept, 0) -> {too_few, Kept};
mail(W, Count, Kept, N) ->
    receive after 5 -> ok end,
    mail(W, Count, Kept ++ do(W, mailbox), N - 1).

message() -> receive M -> M after 4000 -> nothing end.

%% How a process ends that has a monitor.
ended(Monitor) -> receive {'DOWN', Monitor, process, _, Reason} -> Reason after 4000 -> alive end.

alive(W) -> is_pid(do(W, self)).

%% A process here that ends as it is told: {end_with, Reason}; it tells what else it gets.
child() -> child(false).
child(Trap) ->
    Me = self(),
    Pid = spawn(fun() -> process_flag(trap_exit, Trap), Me ! ready, child_loop(Me) end),
    receive ready -> as(child, Pid) end.
child_loop(To) ->
    receive
        {end_with, Reason} -> exit(Reason);
        {link, W} -> link(W), To ! linked, child_loop(To);
        Other -> To ! {child_got, Other}, child_loop(To)
    end.

dead() ->
    {Pid, Monitor} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', Monitor, process, Pid, _} -> as(dead, Pid) end.

dead_there(Node) ->
    W = worker(Node, dead_there),
    Monitor = monitor(process, W),
    ok = do(W, {die, normal}),
    receive {'DOWN', Monitor, process, W, normal} -> W end.


%% ── ctl and echo ──

ctl(Node) ->
    {P1, R1, U} = ctl(Node, unique),
    {P2, R2, U} = ctl(Node, unique),
    [ctl(Node, ping), is_pid(P1), node(P1), is_reference(R1), node(R1), U, P1 =/= P2, R1 =/= R2,
        worker(Node) =/= worker(Node), ctl(Node, spawn_echo_pid) =:= ctl(Node, spawn_echo_pid),
        ended(monitor(process, P1))].

echo(Node) ->
    Echo = as(echo, ctl(Node, spawn_echo_pid)),
    echoes(Echo) ++ echoes({echo, Node}).

echo_worker(Node) ->
    W = worker(Node),
    W ! {not_for_echo, 1},
    echoes(W) ++ [do(W, mailbox)].

echoes(To) ->
    Ref = make_ref(),
    To ! {self(), Ref, {hello, [1, 2.5, <<"x">>]}},
    To ! {self(), not_a_ref, hi},
    [receive {Ref, Term} -> Term after 4000 -> nothing end,
        receive {not_a_ref, Other} -> Other after 4000 -> nothing end,
        gen_server:call(To, {echo, #{a => 1}})].

myself(Node) ->
    W = worker(Node),
    [do(W, self) =:= W, do(W, self)].

unknown_command(Node) ->
    W = worker(Node),
    [do(W, no_command), do(W, {link}), do(W, {a, b, c}), alive(W)].

%% ── links ──

%% The worker links a process here, which ends: the worker ends likewise.
link_and_end(Node) ->
    [begin
        W = worker(Node),
        M = monitor(process, W),
        C = child(),
        Linked = do(W, {link, C}),
        C ! {end_with, Reason},
        case Reason of
            normal -> {Linked, alive(W)};
            _ -> {Linked, ended(M)}
        end
    end || Reason <- [boom, {why, [1, 2]}, kill, normal, shutdown]].

%% The worker ends: the process here hears of it.
link_back(Node) ->
    process_flag(trap_exit, true),
    [begin
        W = worker(Node),
        true = do(W, {link, self()}),
        ok = do(W, {die, Reason}),
        message()
    end || Reason <- [boom, {why, [1, 2]}, kill, normal, lists:seq(1, 300)]].

%% A worker that traps gets each as a message.
link_reasons(Node) ->
    W = trapping(Node),
    [begin
        C = child(),
        true = do(W, {link, C}),
        C ! {end_with, Reason},
        mail(W, 1)
    end || Reason <- [boom, normal, kill, {a, #{b => <<"c">>}}]].

%% A link that the other side asked for; kill along a link can be trapped.
link_kill(Node) ->
    W = trapping(Node),
    C = child(),
    C ! {link, W},
    linked = message(),
    exit(C, kill),
    Trapped = mail(W, 1),
    V = worker(Node, victim),
    D = child(true),
    D ! {link, V},
    linked = message(),
    true = exit(V, kill),
    [Trapped, message(), alive(W)].

link_twice(Node) ->
    W = trapping(Node),
    C = child(),
    Linked = [do(W, {link, C}), do(W, {link, C})],
    C ! {end_with, once},
    First = mail(W, 1),
    alive(W),
    [Linked, First, do(W, mailbox)].

unlink(Node) ->
    W = worker(Node),
    C = child(),
    Not = do(W, {unlink, C}),
    true = do(W, {link, C}),
    True = do(W, {unlink, C}),
    C ! {end_with, boom},
    M = monitor(process, C),
    Ended = ended(M),
    Alive = alive(W),
    E = child(true),
    [do(W, {link, E}), do(W, {unlink, E}), do(W, {link, E}), Not, True, Ended, Alive,
        do(W, {die, at_last}), message()].

%% Both sides link and unlink at once; in the end there is a link when the last did so.
unlink_races(Node) ->
    W = trapping(Node),
    process_flag(trap_exit, true),
    [begin W ! {do, self(), I, {link, self()}}, link(W), erlang:unlink(W), W ! {do, self(), I, {unlink, self()}} end
        || I <- lists:seq(1, 200)],
    [receive {I, true} -> ok end || I <- lists:seq(1, 200), _ <- [link, unlink]],
    link(W),
    true = do(W, {link, self()}),
    Before = process_info(self(), messages),
    ok = do(W, {die, finished}),
    [Before, message(), process_info(self(), messages)].

link_dead_remote(Node) ->
    D = dead(),
    W = trapping(Node),
    Trapped = [do(W, {link, D}), mail(W, 1)],
    V = worker(Node, victim),
    M = monitor(process, V),
    V ! {do, self(), a_link, {link, D}},
    [Trapped, message(), ended(M)].

link_dead_local(Node) ->
    D = dead_there(Node),
    W = trapping(Node),
    Trapped = [do(W, {link, D}), mail(W, 1)],
    V = worker(Node, victim),
    [Trapped, do(V, {link, D}), alive(V)].

link_between_workers(Node) ->
    A = trapping(Node, a),
    B = worker(Node, b),
    [do(A, {link, B}), do(B, {link, A}), do(B, {die, {b, is, gone}}), mail(A, 1),
        begin
            C = worker(Node, c),
            M = monitor(process, C),
            true = do(C, {link, A}),
            ok = do(A, {die, a_too}),
            ended(M)
        end].

link_wrong(Node) ->
    W = worker(Node),
    [do(W, {link, W}), do(W, {unlink, W}), do(W, {link, name}), do(W, {link, 1}), do(W, {unlink, name}),
        do(W, {link, {name, Node}}), alive(W)].

%% A link to a pid that nobody ever had.
link_late(Node) ->
    <<131, Rest/binary>> = term_to_binary(self()),
    Size = byte_size(Rest) - 12,
    <<Head:Size/binary, _:64, Creation:32>> = Rest,
    Never = as(never, binary_to_term(<<131, Head/binary, 20000:32, 77:32, Creation:32>>)),
    Old = as(old, binary_to_term(<<131, Head/binary, 1:32, 0:32, (Creation bxor 16#1000):32>>)),
    W = trapping(Node),
    [do(W, {link, Never}), mail(W, 1), do(W, {link, Old}), mail(W, 1), do(W, {monitor, Old}),
        mail(W, 1), do(W, {exit, Old, kill}), do(W, {send, Old, hello}), do(W, {unlink, Old}), alive(W)].

%% ── monitors ──

monitor_pid(Node) ->
    W = worker(Node),
    [begin
        C = child(),
        as(monitor, do(W, {monitor, C})),
        C ! {end_with, Reason},
        mail(W, 1)
    end || Reason <- [boom, normal, kill, {shutdown, [x]}, #{a => 1.5}]].

monitor_name(Node) ->
    W = worker(Node),
    C = child(),
    true = register(monitored_child, C),
    as(by_name, do(W, {monitor, {monitored_child, node()}})),
    C ! {end_with, boom},
    Ended = mail(W, 1),
    as(nobody, do(W, {monitor, {monitored_child, node()}})),
    [Ended, mail(W, 1)].

monitor_dead(Node) ->
    W = worker(Node),
    as(m1, do(W, {monitor, dead()})),
    First = mail(W, 1),
    as(m2, do(W, {monitor, dead_there(Node)})),
    Second = mail(W, 1),
    as(m3, do(W, {monitor, {name, 'nobody@nowhere.invalid'}})),
    [First, Second, mail(W, 1)].

monitor_own_node(Node) ->
    W = worker(Node),
    V = worker(Node, other),
    as(m1, do(W, {monitor, V})),
    as(m2, do(W, {monitor, {registered_worker, Node}})),
    First = mail(W, 1),
    true = do(V, {register, registered_worker}),
    as(m3, do(W, {monitor, {registered_worker, Node}})),
    as(m4, do(W, {monitor, registered_worker})),
    as(m5, do(W, {monitor, W})),
    ok = do(V, {die, {gone, 1}}),
    [First, lists:sort(mail(W, 3)), do(W, mailbox)].

monitor_many(Node) ->
    W = worker(Node),
    C = child(),
    Refs = [do(W, {monitor, C}) || _ <- lists:seq(1, 20)],
    C ! {end_with, boom},
    Downs = mail(W, 20),
    [length(lists:usort(Refs)), lists:sort(Refs) =:= lists:sort([R || {'DOWN', R, process, P, boom} <- Downs, P =:= C])].

monitor_wrong(Node) ->
    W = worker(Node),
    [do(W, {monitor, 1}), do(W, {monitor, {a, b, c}}), do(W, {monitor, {1, Node}}), do(W, {monitor, "x"}), alive(W)].

monitored(Node) ->
    Ends = [begin
        W = worker(Node),
        as(monitor, monitor(process, W)),
        ok = do(W, {die, Reason}),
        message()
    end || Reason <- [boom, normal, kill, {shutdown, [x]}, #{a => 1.5}]],
    Tagged = worker(Node, tagged),
    as(monitor, monitor(process, Tagged, [{tag, {my, tag}}])),
    [Ends, do(Tagged, {die, boom}), message()].

monitored_by_name(Node) ->
    W = worker(Node),
    true = do(W, {register, monitored_worker}),
    as(by_name, monitor(process, {monitored_worker, Node})),
    ok = do(W, {die, boom}),
    Ended = message(),
    as(nobody, monitor(process, {monitored_worker, Node})),
    [Ended, message()].

demonitor(Node) ->
    W = worker(Node),
    C = child(),
    Ref = do(W, {monitor, C}),
    True = do(W, {demonitor, Ref}),
    C ! {end_with, boom},
    ended(monitor(process, C)),
    D = child(),
    As = as(second, do(W, {monitor, D})),
    D ! {end_with, boom},
    ended(monitor(process, D)),
    alive(W),
    [True, do(W, {demonitor, As}), mail(W, 1), do(W, {demonitor, Ref})].

demonitor_flush(Node) ->
    W = worker(Node),
    C = child(),
    Ref = do(W, {monitor, C}),
    [do(W, {demonitor_flush, Ref}), do(W, {demonitor_flush, Ref}), C ! {end_with, boom}, alive(W), do(W, mailbox)].

demonitor_strange(Node) ->
    W = worker(Node),
    V = worker(Node, other),
    C = child(),
    Ref = as(of_v, do(V, {monitor, C})),
    True = do(W, {demonitor, make_ref()}),
    Other = do(W, {demonitor, Ref}),
    C ! {end_with, boom},
    [True, Other, mail(V, 1), do(W, {demonitor, 1}), do(W, {demonitor_flush, x}), do(W, mailbox)].

%% ── exit signals and ends ──

exit_others(Node) ->
    W = worker(Node),
    Ends = [begin
        C = child(),
        M = monitor(process, C),
        {do(W, {exit, C, Reason}), ended(M)}
    end || Reason <- [boom, kill, {a, [b]}]],
    Trapped = [begin
        C = child(true),
        M = monitor(process, C),
        {do(W, {exit, C, Reason}), case Reason of kill -> ended(M); _ -> message() end}
    end || Reason <- [boom, kill, normal, {a, [b]}]],
    Lives = child(),
    [Ends, Trapped, do(W, {exit, Lives, normal}), Lives ! still_there, message(), do(W, {exit, dead(), boom})].

exit_own_node(Node) ->
    W = worker(Node),
    V = trapping(Node, other),
    M = monitor(process, V),
    [do(W, {exit, V, boom}), do(W, {exit, V, normal}), mail(V, 2), do(W, {exit, V, kill}), ended(M),
        do(W, {exit, V, again})].

exit_self(Node) ->
    Ends = [begin
        W = worker(Node),
        M = monitor(process, W),
        W ! {do, self(), a_ref, {exit, W, Reason}},
        {ended(M), receive {a_ref, Answer} -> Answer after 0 -> unanswered end}
    end || Reason <- [boom, normal, kill]],
    W = trapping(Node),
    [Ends, do(W, {exit, W, boom}), do(W, {exit, W, normal}), mail(W, 2)].

exit_wrong(Node) ->
    W = worker(Node),
    [do(W, {exit, name, boom}), do(W, {exit, {name, Node}, boom}), alive(W)].

exited_by_others(Node) ->
    Ends = [begin
        W = worker(Node),
        M = monitor(process, W),
        true = exit(W, Reason),
        ended(M)
    end || Reason <- [boom, kill, {a, [b]}, lists:duplicate(100000, $x)]],
    W = trapping(Node),
    true = exit(W, boom), true = exit(W, normal), true = exit(W, {a, [b]}),
    Trapped = mail(W, 3),
    V = worker(Node),
    true = exit(V, normal),
    [[case E of [$x | _] -> length(E); _ -> E end || E <- Ends], Trapped, alive(V)].

die(Node) ->
    process_flag(trap_exit, true),
    [begin
        W = worker(Node),
        link(W),
        M = as(monitor, monitor(process, W)),
        Ref = as(a_ref, make_ref()),
        W ! {do, self(), Ref, {die, Reason}},
        W ! {do, self(), late, self},
        First = message(),
        {First, lists:sort([message(), message()]), M}
    end || Reason <- [boom, normal, kill, killed, {badarg, []}]].

trap_exit(Node) ->
    W = worker(Node),
    [do(W, {trap_exit, true}), do(W, {trap_exit, true}), do(W, {trap_exit, false}),
        do(W, {trap_exit, false}), do(W, {trap_exit, maybe_so}), do(W, {trap_exit, 1}), alive(W)].

%% ── messages ──

send(Node) ->
    W = worker(Node),
    V = worker(Node, other),
    true = register(send_target, self()),
    true = do(V, {register, send_target}),
    Alias = as(alias, alias()),
    Refs = [do(W, {send, self(), {hello, 1}}), message(),
        do(W, {send, {send_target, node()}, {hello, 2}}), message(),
        do(W, {send, Alias, {hello, 3}}), message(),
        do(W, {send, send_target, {hello, 4}}), do(W, {send, {send_target, Node}, {hello, 5}}),
        do(W, {send, V, {hello, 6}}), do(V, mailbox), do(W, {send, W, to_itself}), do(W, mailbox)],
    unregister(send_target),
    Refs.

send_wrong(Node) ->
    W = worker(Node),
    [do(W, {send, nobody_here, hello}), do(W, {send, {nobody_here, Node}, hello}),
        do(W, {send, {nobody, node()}, hello}), do(W, {send, dead(), hello}),
        do(W, {send, {nobody, 'nobody@nowhere.invalid'}, hello}), do(W, {send, make_ref(), hello}),
        do(W, {send, 1, hello}), do(W, {send, {a, 1}, hello}), do(W, {send, "x", hello}), alive(W)].

send_many(Node) ->
    W = worker(Node),
    Ref = as(a_ref, make_ref()),
    W ! {do, self(), Ref, {send_many, self(), 5000}},
    In = (fun In(N) -> receive
        {n, N} -> In(N + 1);
        done -> N - 1;
        Other -> Other after 4000 -> {stuck, N} end end)(1),
    [In, message(), do(W, {send_many, self(), 0}), message()].

mailbox(Node) ->
    W = worker(Node),
    [do(W, mailbox), W ! one, W ! {'EXIT', not_a_pid, x}, W ! {two, [2]}, W ! {self(), 3}, W ! [],
        W ! {'DOWN', 1, 2, 3, 4}, do(W, mailbox), do(W, mailbox), W ! 1.5, do(W, mailbox)].

%% Messages and signals of one process to another keep their order.
order(Node) ->
    W = trapping(Node),
    C = child(),
    true = do(W, {link, C}),
    [W ! {n, I} || I <- lists:seq(1, 100)],
    exit(W, in_between),
    [W ! {n, I} || I <- lists:seq(101, 200)],
    [shown(M) || M <- mail(W, 201)] =:= [{n, I} || I <- lists:seq(1, 100)] ++ [{'EXIT', shown(self()), in_between}] ++
        [{n, I} || I <- lists:seq(101, 200)].

large(Node) ->
    W = worker(Node),
    Big = binary:copy(<<"0123456789abcdef">>, 100000),
    W ! {big, Big},
    W ! small,
    [do(W, mailbox) =:= [{big, Big}, small], do(W, {send, self(), Big}) =:= Big, message() =:= Big].

%% ── spawn_request ──

spawn_request(Node) ->
    W = worker(Node),
    {ok, Pid} = do(W, {spawn_request, node(), worker_scenarios, tell, [self(), {told, 1}], []}),
    [node(Pid), message(), do(W, {spawn_request, node(), erlang, self, [], []}), do(W, mailbox)].

spawn_request_link(Node) ->
    W = trapping(Node),
    {ok, P} = do(W, {spawn_request, node(), worker_scenarios, wait, [x], [link]}),
    as(spawned, P),
    exit(P, boom),
    Trapped = mail(W, 1),
    {ok, Q} = do(W, {spawn_request, node(), worker_scenarios, wait, [x], [link]}),
    M = monitor(process, Q),
    ok = do(W, {die, gone}),
    [Trapped, ended(M)].

spawn_request_monitor(Node) ->
    W = worker(Node),
    {ok, P} = do(W, {spawn_request, node(), worker_scenarios, wait, [x], [monitor]}),
    as(spawned, P),
    exit(P, boom),
    [{'DOWN', R, process, _, _}] = First = mail(W, 1),
    false = do(W, {trap_exit, true}),
    {ok, Q} = do(W, {spawn_request, node(), erlang, exit, [{at, once}], [monitor, link, {priority, high}]}),
    as(ended, Q),
    [{'EXIT', _, _} = Exit, {'DOWN', _, process, _, Reason}] = mail(W, 2),
    [First, is_reference(R), node(R), Exit, Reason].

spawn_request_options(Node) ->
    W = trapping(Node),
    {ok, P} = do(W, {spawn_request, node(), erlang, exit, [bye], [link, {monitor, [{tag, {my, tag}}]}, {reply_tag, [a, tag]}]}),
    as(spawned, P),
    [shown_without_refs(lists:sort(mail(W, 2))),
        element(1, do(W, {spawn_request, node(), erlang, self, [], [{min_heap_size, 500}, {reply, yes}]}))].

shown_without_refs(Term) when is_tuple(Term) -> list_to_tuple(shown_without_refs(tuple_to_list(Term)));
shown_without_refs(Term) when is_list(Term) -> [shown_without_refs(T) || T <- Term];
shown_without_refs(Term) when is_reference(Term) -> {ref, node(Term)};
shown_without_refs(Term) -> Term.

spawn_request_errors(Node) ->
    W = trapping(Node),
    {ok, P} = do(W, {spawn_request, node(), no_such_module, no_function, [1], [monitor, link]}),
    as(spawned, P),
    [shown_without_refs(lists:sort(mail(W, 2))),
        do(W, {spawn_request, 'nobody@nowhere.invalid', erlang, self, [], []}),
        do(W, {spawn_request, node(), erlang, self, [], [no_option]}),
        do(W, {spawn_request, node(), erlang, self, [], [link, {priority, wrong}]}),
        do(W, {spawn_request, 'nobody@nowhere.invalid', erlang, self, [], [link, monitor]}),
        do(W, mailbox)].

spawn_request_wrong(Node) ->
    W = worker(Node),
    [do(W, {spawn_request, 1, erlang, self, [], []}), do(W, {spawn_request, node(), 1, self, [], []}),
        do(W, {spawn_request, node(), erlang, 1, [], []}), do(W, {spawn_request, node(), erlang, self, x, []}),
        do(W, {spawn_request, node(), erlang, self, [], x}), do(W, {spawn_request, node(), erlang, self, [], [link | x]}),
        do(W, {spawn_request, node(), erlang, self, [1 | 2], []}), alive(W)].

%% ── aliases ──

aliases(Node) ->
    W = worker(Node),
    A = as(alias, do(W, {alias})),
    A ! one, A ! {two, 2},
    First = mail(W, 2),
    True = do(W, {unalias, A}),
    A ! three,
    V = worker(Node, other),
    B = do(V, {alias}),
    [node(A), First, True, do(W, {unalias, A}), do(W, mailbox), do(W, {send, B, hi}), mail(V, 1), do(V, {die, x}),
        do(W, {send, B, hi})].

%% Replies through the alias that is the monitor, too: what a gen_server:call makes.
alias_of_monitor(Node) ->
    W = worker(Node),
    R = as(alias, monitor(process, W, [{alias, reply_demonitor}])),
    hi = do(W, {send, R, hi}),
    First = message(),
    hi = do(W, {send, R, hi}),
    ok = do(W, {die, boom}),
    [First, process_info(self(), messages)].

unalias_strange(Node) ->
    W = worker(Node),
    V = worker(Node, other),
    A = as(alias, do(V, {alias})),
    [do(W, {unalias, make_ref()}), do(W, {unalias, A}), do(W, {unalias, 1}), do(W, {send, A, hi}), mail(V, 1)].

%% ── registered names ──

register(Node) ->
    W = worker(Node),
    True = do(W, {register, a_name}),
    {a_name, Node} ! hello,
    Kept = mail(W, 1),
    [True, Kept, gen_server:call({a_name, Node}, {echo, hi}), do(W, {unregister, a_name}),
        do(W, {unregister, a_name}), {a_name, Node} ! lost, do(W, mailbox), do(W, {register, a_name})].

register_wrong(Node) ->
    W = worker(Node),
    V = worker(Node, other),
    [do(W, {register, undefined}), do(W, {register, echo}), do(W, {register, "text"}), do(W, {register, taken}),
        do(V, {register, taken}), do(W, {register, a_second_name}), do(V, {unregister, taken}), do(V, {unregister, 1}),
        do(V, {unregister, nobody}), do(W, {register, taken}), alive(W)].

registered_end(Node) ->
    W = worker(Node),
    V = worker(Node, other),
    true = do(W, {register, a_free_name}),
    M = monitor(process, W),
    ok = do(W, {die, x}),
    [ended(M), do(V, {register, a_free_name}), do(V, {unregister, a_free_name})].

%% ── nodes ──

monitor_node(Node) ->
    W = worker(Node),
    True = [do(W, {monitor_node, node(), true}), do(W, {monitor_node, node(), true})],
    true = erlang:disconnect_node(Node),
    [True, mail(W, 2), do(W, mailbox), do(W, {monitor_node, node(), false})].

monitor_node_unknown(Node) ->
    W = worker(Node),
    [do(W, {monitor_node, 'nobody@nowhere.invalid', true}), mail(W, 1)].

monitor_node_off(Node) ->
    W = worker(Node),
    [do(W, {monitor_node, node(), false}), do(W, {monitor_node, node(), true}), do(W, {monitor_node, node(), true}),
        do(W, {monitor_node, node(), false}), erlang:disconnect_node(Node), mail(W, 1), alive(W), do(W, mailbox)].

monitor_node_wrong(Node) ->
    W = worker(Node),
    [do(W, {monitor_node, 1, true}), do(W, {monitor_node, node(), 1}), do(W, {monitor_node, Node, true}), alive(W)].

nodes(Node) ->
    W = worker(Node),
    [lists:sort(shown(do(W, {nodes, Type}))) || Type <- [this, visible, hidden, connected, [this, hidden]]] ++
        [lists:member(node(), do(W, {nodes, known})), lists:member(Node, do(W, {nodes, known}))].

nodes_wrong(Node) ->
    W = worker(Node),
    [do(W, {nodes, strange}), do(W, {nodes, 1}), do(W, {nodes, []}), do(W, {nodes, [hidden, strange]})].

disconnect(Node) ->
    W = worker(Node),
    true = erlang:monitor_node(Node, true),
    W ! {do, self(), a_ref, {disconnect, node()}},
    [message(), do(W, {disconnect, 'nobody@nowhere.invalid'}), do(W, {disconnect, Node}), do(W, {disconnect, 1}),
        do(W, self)].

%% Each link and each monitor fires once, on both sides.
disconnect_fires(Node) ->
    process_flag(trap_exit, true),
    W = trapping(Node),
    V = worker(Node, victim),
    link(W),
    as(mine, monitor(process, W)),
    as(by_name, monitor(process, {echo, Node})),
    true = do(W, {link, self()}),
    as(theirs, do(W, {monitor, self()})),
    as(theirs_by_name, do(W, {monitor, {server, node()}})),
    C = child(true),
    true = do(V, {link, C}),
    M = as(of_victim, monitor(process, V)),
    true = erlang:disconnect_node(Node),
    Here = lists:sort([shown(message()) || _ <- lists:seq(1, 5)]),
    There = lists:sort([shown(S) || S <- mail(W, 3)]),
    Again = as(again, monitor(process, V)),
    [Here, There, alive(W), do(W, mailbox), message(), is_reference(M), is_reference(Again), process_info(self(), messages)].

%% Old relations do not come back.
after_disconnect(Node) ->
    W = trapping(Node),
    C = child(true),
    true = do(W, {link, C}),
    R = do(W, {monitor, C}),
    true = erlang:disconnect_node(Node),
    First = length(mail(W, 2)),
    {child_got, {'EXIT', _, noconnection}} = message(),
    True = [do(W, {unlink, C}), do(W, {demonitor, R})],
    Linked = do(W, {link, C}),
    as(new, do(W, {monitor, C})),
    C ! {end_with, now},
    [First, True, Linked, lists:sort([shown(M) || M <- mail(W, 2)]), do(W, mailbox)].

whereis_remote(Node) ->
    W = worker(Node),
    [do(W, {whereis_remote, server, node()}) =:= whereis(server), do(W, {whereis_remote, nobody, node()}),
        do(W, {whereis_remote, server, 'nobody@nowhere.invalid'})].

%% ── calls ──

call(Node) ->
    W = worker(Node),
    V = worker(Node, other),
    true = do(V, {register, called_worker}),
    S = whereis(server),
    [do(W, {call, {server, node()}, {echo, [1, 2]}, 5000}), do(W, {call, S, {echo, {a, W}}, infinity}),
        do(W, {call, S, {to_pid, hi}, 5000}), do(W, {call, V, {echo, local}, 5000}),
        do(W, {call, called_worker, {echo, local}, 5000}), do(W, {call, {called_worker, Node}, {echo, local}, 5000}),
        do(W, mailbox)].

call_noproc(Node) ->
    W = worker(Node),
    [do(W, {call, To, {echo, 1}, 5000}) || To <- [{nobody, node()}, dead(), {nobody, Node}, nobody, dead_there(Node)]].

call_timeout(Node) ->
    W = worker(Node),
    V = worker(Node, other),
    [do(W, {call, {server, node()}, silence, 50}), do(W, {call, whereis(server), {late, 1000}, 30}),
        do(W, {call, V, no_request, 20}), do(W, {call, {server, node()}, silence, 0}),
        receive after 1100 -> alive(W) end, do(W, mailbox)].

call_nodedown(Node) ->
    W = worker(Node),
    [do(W, {call, {server, 'nobody@nowhere.invalid'}, hi, 5000})].

call_exits(Node) ->
    W = worker(Node),
    V = worker(Node, other),
    S = as(server, whereis(server)),
    First = do(W, {call, {server, node()}, {die, {some, reason}}, 5000}),
    (fun Again() -> case whereis(server) of P when is_pid(P), P =/= S -> ok; _ -> erlang:yield(), Again() end end)(),
    T = as(second_server, whereis(server)),
    Second = do(W, {call, T, {die, normal}, infinity}),
    W ! {do, self(), a_call, {call, V, no_request, 5000}},
    V ! {do, self(), a_death, {die, noproc}},
    Rest = lists:sort([message(), message()]),
    (fun Again() -> case whereis(server) of P when is_pid(P), P =/= T -> ok; _ -> erlang:yield(), Again() end end)(),
    [First, Second, Rest].

call_itself(Node) ->
    W = worker(Node),
    true = do(W, {register, calls_itself}),
    [do(W, {call, W, {echo, 1}, 100}), do(W, {call, calls_itself, {echo, 1}, 100}),
        do(W, {call, {calls_itself, Node}, {echo, 1}, 100}), do(W, {unregister, calls_itself})].

%% What comes during a call waits its turn.
call_keeps(Node) ->
    W = worker(Node),
    W ! before,
    First = do(W, {call, {server, node()}, {busy, W, hi}, 5000}),
    W ! {do, self(), a_call, {call, {server, node()}, {late, 100}, 5000}},
    W ! {do, self(), after_call, self},
    [First, message(), message(), do(W, mailbox)].

call_worker(Node) ->
    W = worker(Node),
    [gen_server:call(W, {echo, [1]}), exit_of(W, not_an_echo, 50), length(do(W, mailbox)),
        exit_of({nobody, Node}, hi, 5000), exit_of(dead_there(Node), hi, 5000)].

exit_of(To, Request, Timeout) ->
    try gen_server:call(To, Request, Timeout) catch exit:Reason -> Reason end.

%% The connection is lost while the worker waits.
call_lost(Node) ->
    W = worker(Node),
    W ! {do, self(), a_call, {call, {server, node()}, {silence, self()}, 5000}},
    receive silent -> ok after 4000 -> exit(not_called) end,
    Me = self(),
    spawn(fun() -> true = erlang:disconnect_node(Node), Me ! disconnected end),
    [message(), message(), do(W, mailbox)].

%% ── group leaders ──

group_leader(Node) ->
    W = worker(Node),
    Own = do(W, get_group_leader),
    [is_pid(Own), node(Own), do(W, {group_leader, self()}), do(W, get_group_leader) =:= self(),
        erlang:group_leader(Own, W), do(W, get_group_leader) =:= Own].

group_leader_inherited(Node) ->
    W = worker(Node),
    Own = as(own, do(W, get_group_leader)),
    {ok, _} = do(W, {spawn_request, node(), worker_scenarios, tell_group_leader, [self()], []}),
    First = message(),
    G = child(),
    true = do(W, {group_leader, G}),
    {ok, _} = do(W, {spawn_request, node(), worker_scenarios, tell_group_leader, [self()], []}),
    [First, message(), is_pid(Own)].

group_leader_wrong(Node) ->
    W = worker(Node),
    [do(W, {group_leader, name}), do(W, {group_leader, 1}), do(W, {group_leader, dead()}), alive(W)].

%% ── many at once ──

storm(Node) ->
    W = worker(Node),
    [W ! {do, self(), I, {send, self(), {m, I}}} || I <- lists:seq(1, 2000)],
    [receive {m, I} -> receive {I, {m, I}} -> I after 4000 -> nothing end after 4000 -> nothing end
        || I <- lists:seq(1, 2000)] =:= lists:seq(1, 2000).

workers_at_once(Node) ->
    Ws = [ctl(Node, spawn_worker) || _ <- lists:seq(1, 200)],
    Ms = [monitor(process, W) || W <- Ws],
    [W ! {do, self(), {answer, W}, {die, {end_of, W}}} || W <- Ws],
    [length(lists:usort(Ws)), [receive {{answer, W}, ok} -> true after 4000 -> false end || W <- Ws] =:= [true || _ <- Ws],
        [receive {'DOWN', M, process, _, {end_of, W}} -> W after 4000 -> none end || {M, W} <- lists:zip(Ms, Ws)] =:= Ws].

monitors_and_links_at_once(Node) ->
    W = trapping(Node),
    Cs = [spawn(worker_scenarios, wait, [x]) || _ <- lists:seq(1, 300)],
    [begin W ! {do, self(), C, {link, C}}, W ! {do, self(), C, {monitor, C}} end || C <- Cs],
    [receive {C, R} -> R end || C <- Cs, _ <- [link, monitor]],
    [exit(C, {gone, C}) || C <- Cs],
    Kept = mail(W, 600),
    [length(Kept), lists:sort([P || {'EXIT', P, {gone, Q}} <- Kept, P =:= Q]) =:= lists:sort(Cs),
        lists:sort([P || {'DOWN', _, process, P, {gone, Q}} <- Kept, P =:= Q]) =:= lists:sort(Cs), do(W, mailbox)].
