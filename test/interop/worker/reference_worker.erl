%% What examples/echo-node.mjs does, written in Erlang: the scenarios of worker_scenarios.erl have to
%% get the same answers from both.
-module(reference_worker).
-export([start/0]).

%% Registers `echo` and `ctl`.
start() ->
    true = register(echo, spawn(fun echo/0)),
    true = register(ctl, spawn(fun ctl/0)),
    ok.

echo() ->
    receive
        {From, Ref, Term} when is_pid(From) -> From ! {Ref, Term};
        {'$gen_call', From, {echo, Term}} -> gen_server:reply(From, Term);
        _ -> ok
    end,
    echo().

ctl() ->
    receive
        {'$gen_call', From, ping} -> gen_server:reply(From, pong);
        {'$gen_call', From, spawn_worker} -> gen_server:reply(From, spawn(fun() -> worker([]) end));
        {'$gen_call', From, spawn_echo_pid} -> gen_server:reply(From, whereis(echo));
        {'$gen_call', From, unique} ->
            {Pid, Monitor} = spawn_monitor(fun() -> ok end),
            receive {'DOWN', Monitor, process, Pid, normal} -> ok end,
            gen_server:reply(From, {Pid, make_ref(), undefined});
        {'$gen_call', From, Request} -> gen_server:reply(From, {error, {unknown_request, Request}});
        _ -> ok
    end,
    ctl().

%% Kept is what came and was no command, newest first.
worker(Kept) ->
    receive
        {do, From, Ref, mailbox} ->
            From ! {Ref, lists:reverse(Kept)},
            worker([]);
        {do, From, Ref, {die, Reason}} ->
            From ! {Ref, ok},
            exit(Reason);
        {do, From, Ref, Command} ->
            Result = try obey(Command) catch Class:Reason -> {raised, Class, Reason} end,
            From ! {Ref, Result},
            worker(Kept);
        {From, Ref, Term} when is_pid(From) ->
            From ! {Ref, Term},
            worker(Kept);
        {'$gen_call', From, {echo, Term}} ->
            gen_server:reply(From, Term),
            worker(Kept);
        Other ->
            worker([Other | Kept])
    end.

obey(self) -> self();
obey({link, P}) -> link(P);
obey({unlink, P}) -> unlink(P);
obey({monitor, P}) -> monitor(process, P);
obey({demonitor, R}) -> demonitor(R);
obey({demonitor_flush, R}) -> demonitor(R, [flush]);
obey({exit, P, Reason}) -> exit(P, Reason);
obey({trap_exit, Bool}) -> process_flag(trap_exit, Bool);
obey({send, To, Msg}) -> To ! Msg;
obey({send_many, To, N}) ->
    [To ! {n, I} || I <- lists:seq(1, N)],
    To ! done;
obey({spawn_request, Node, M, F, A, Opts}) ->
    Tag = case is_list(Opts) andalso lists:keyfind(reply_tag, 1, Opts) of
        {reply_tag, T} -> T;
        _ -> spawn_reply
    end,
    ReqId = spawn_request(Node, M, F, A, Opts),
    receive
        {Tag, ReqId, ok, Pid} -> {ok, Pid};
        {Tag, ReqId, error, Reason} -> {error, Reason}
    end;
obey({alias}) -> alias();
obey({unalias, R}) -> unalias(R);
obey({register, Name}) -> register(Name, self());
obey({unregister, Name}) -> unregister(Name);
obey({monitor_node, Node, Bool}) -> monitor_node(Node, Bool);
obey({nodes, Type}) -> nodes(Type);
obey({call, ServerRef, Request, Timeout}) ->
    try {reply, gen_server:call(ServerRef, Request, Timeout)}
    catch exit:Reason -> {exit, Reason}
    end;
obey({group_leader, P}) -> group_leader(P, self());
obey(get_group_leader) -> group_leader();
obey({disconnect, Node}) -> erlang:disconnect_node(Node);
obey({whereis_remote, Name, Node}) -> rpc:call(Node, erlang, whereis, [Name]);
obey(_) -> error(function_clause).
