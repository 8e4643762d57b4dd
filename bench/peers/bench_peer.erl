%% Messages and calls to other nodes, as an Erlang node does them for the benchmarks. Everything is
%% timed here, inside the node.
-module(bench_peer).
-behaviour(gen_server).
-export([start/0, send/5, fan_out/2, round_trips/3, calls/5, connects/2, same/1, timed/1]).
-export([init/1, handle_call/3, handle_cast/2]).

start() ->
    register(sink, spawn(fun sink/0)),
    register(echo, spawn(fun echo/0)),
    register(victims, spawn(fun victims/0)),
    {ok, _} = gen_server:start({local, server}, bench_peer, [], []),
    ok.

%% Counts what comes, and says so at the end.
sink() ->
    receive
        {who, From} -> From ! {self(), here};
        {expect, From, Count} -> drain(Count), From ! {done, Count}
    end,
    sink().

drain(0) -> ok;
drain(Count) -> receive {_, _} -> drain(Count - 1) end.

echo() ->
    receive
        {who, From} -> From ! {self(), here};
        {ping, From} -> From ! pong
    end,
    echo().

%% Starts processes that others link and monitor: one says that all of this has come, and ends when told.
victims() ->
    receive {victim, From} -> From ! {victim, spawn(fun victim/0)} end,
    victims().

victim() ->
    receive
        {sync, From} -> From ! sync, victim();
        Reason -> exit(Reason)
    end.

%% For erpc:call/4.
same(Term) -> Term.

init([]) -> {ok, none}.
handle_call(Request, _From, State) -> {reply, Request, State}.
handle_cast(_Request, State) -> {noreply, State}.

pid_of(Name, Node) ->
    {Name, Node} ! {who, self()},
    receive {Pid, here} -> Pid after 60000 -> error({no_answer, Name, Node}) end.

%% Sends Count messages one way: the time until the last has arrived.
send(Node, Address, Size, Count, Sink) ->
    To = case Address of
        name -> {Sink, Node};
        pid -> pid_of(Sink, Node)
    end,
    Message = {17, case Size of small -> <<"hello">>; _ -> binary:copy(<<7>>, Size) end},
    timed(fun() ->
        To ! {expect, self(), Count},
        send_loop(To, Message, Count),
        done(Count)
    end).

send_loop(_To, _Message, 0) -> ok;
send_loop(To, Message, Count) ->
    To ! Message,
    send_loop(To, Message, Count - 1).

done(Count) -> receive {done, Count} -> ok after 60000 -> error(not_all_arrived) end.

%% Small messages, by turns to each of Nodes, Count in all.
fan_out(Nodes, Count) ->
    Pids = [pid_of(sink, Node) || Node <- Nodes],
    Each = Count div length(Pids),
    timed(fun() ->
        [Pid ! {expect, self(), Each} || Pid <- Pids],
        fan_loop(list_to_tuple(Pids), {17, <<"hello">>}, 1, Each * length(Pids)),
        [done(Each) || _ <- Pids]
    end).

fan_loop(_Pids, _Message, _Turn, 0) -> ok;
fan_loop(Pids, Message, Turn, Count) when Turn > tuple_size(Pids) ->
    fan_loop(Pids, Message, 1, Count);
fan_loop(Pids, Message, Turn, Count) ->
    element(Turn, Pids) ! Message,
    fan_loop(Pids, Message, Turn + 1, Count - 1).

%% In nanoseconds.
round_trips(Node, Count, Echo) ->
    Pid = pid_of(Echo, Node),
    percentiles([round_trip(Pid) || _ <- lists:seq(1, Count)]).

round_trip(Pid) ->
    Start = erlang:monotonic_time(nanosecond),
    Pid ! {ping, self()},
    receive pong -> erlang:monotonic_time(nanosecond) - Start end.

%% Callers processes, each of which makes its share of Count calls one after another.
calls(Node, Callers, Count, Kind, Server) ->
    Each = Count div Callers,
    Self = self(),
    Call = case Kind of
        gen -> fun() -> gen_server:call({Server, Node}, hello) end;
        erpc -> fun() -> erpc:call(Node, bench_peer, same, [hello]) end
    end,
    timed(fun() ->
        [spawn_link(fun() -> call_loop(Call, Each), Self ! {done, Each} end)
            || _ <- lists:seq(1, Callers)],
        [done(Each) || _ <- lists:seq(1, Callers)]
    end).

call_loop(_Call, 0) -> ok;
call_loop(Call, Count) ->
    hello = Call(),
    call_loop(Call, Count - 1).

%% Connects and disconnects: nanoseconds of net_kernel:connect_node/1.
connects(Node, Count) ->
    percentiles([connect(Node) || _ <- lists:seq(1, Count)]).

connect(Node) ->
    Start = erlang:monotonic_time(nanosecond),
    true = net_kernel:connect_node(Node),
    Time = erlang:monotonic_time(nanosecond) - Start,
    pid_of(sink, Node),
    true = erlang:disconnect_node(Node),
    timer:sleep(10),
    Time.

%% Microseconds.
timed(Work) ->
    Start = erlang:monotonic_time(nanosecond),
    Work(),
    #{us => (erlang:monotonic_time(nanosecond) - Start) div 1000}.

percentiles(Times) ->
    Sorted = lists:sort(Times),
    Length = length(Sorted),
    #{
        p50 => lists:nth(Length div 2 + 1, Sorted),
        p99 => lists:nth(Length * 99 div 100 + 1, Sorted),
        mean => lists:sum(Sorted) div Length
    }.
