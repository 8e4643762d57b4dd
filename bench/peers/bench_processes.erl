%% Processes within a node, and what holds them together, as an Erlang node does it for the benchmarks:
%% the same as node-processes.mjs and node-storms.mjs do.
-module(bench_processes).
-export([spawns/2, idle/1, local/2, bounce/1, mailbox/3, storm/4]).

%% Processes that are started before the first of them is waited for.
batch() -> 1000.
%% Messages that are sent before the receiver says that it wants more.
window() -> 1000.

%% Starts Count processes, and they end.
spawns(Form, Count) -> bench_peer:timed(fun() -> spawn_batches(Form, Count) end).

spawn_batches(_Form, Count) when Count =< 0 -> ok;
spawn_batches(Form, Count) ->
    Self = self(),
    spawn_loop(Form, min(Count, batch()) - 1),
    spawn_one(Form, fun() -> Self ! ended end),
    receive ended -> ok end,
    spawn_batches(Form, Count - batch()).

spawn_loop(_Form, 0) -> ok;
spawn_loop(Form, Count) ->
    spawn_one(Form, fun() -> ok end),
    spawn_loop(Form, Count - 1).

spawn_one(body, Fun) -> spawn(Fun);
spawn_one(message, Fun) -> spawn(fun() -> receive stop -> Fun() end end) ! stop.

%% Bytes of each of many processes that wait for a message.
idle(Count) ->
    Before = memory(),
    Pids = [spawn(fun() -> receive stop -> ok end end) || _ <- lists:seq(1, Count)],
    Used = memory() - Before,
    [exit(Pid, kill) || Pid <- Pids],
    #{bytes => Used div Count}.

memory() ->
    [erlang:garbage_collect(Pid) || Pid <- processes()],
    erlang:memory(processes).

%% Messages one way, from one process to another.
local(Form, Count) ->
    Counter = spawn_link(fun() -> count(Form, 1) end),
    Message = {17, self()},
    bench_peer:timed(fun() -> local_loop(Counter, Message, Count) end).

local_loop(_Counter, _Message, Count) when Count =< 0 -> ok;
local_loop(Counter, Message, Count) ->
    send_loop(Counter, Message, window()),
    receive more -> ok end,
    local_loop(Counter, Message, Count - window()).

send_loop(_To, _Message, 0) -> ok;
send_loop(To, Message, Count) ->
    To ! Message,
    send_loop(To, Message, Count - 1).

count(any, Count) ->
    receive {_, From} -> wanting(From, Count) end,
    count(any, Count + 1);
count(pattern, Count) ->
    receive {Integer, From} when is_integer(Integer), is_pid(From) -> wanting(From, Count) end,
    count(pattern, Count + 1).

wanting(From, Count) ->
    case Count rem window() of
        0 -> From ! more;
        _ -> ok
    end.

%% Messages there and back between two processes.
bounce(Count) ->
    Partner = spawn_link(fun bouncing/0),
    bench_peer:timed(fun() -> bounce_loop(Partner, self(), Count) end).

bounce_loop(_Partner, _Self, 0) -> ok;
bounce_loop(Partner, Self, Count) ->
    Partner ! Self,
    receive Partner -> bounce_loop(Partner, Self, Count - 1) end.

bouncing() ->
    receive From -> From ! self() end,
    bouncing().

%% Messages taken out of a mailbox in which Waiting others stay; in a process of its own.
mailbox(How, Waiting, Count) ->
    Self = self(),
    spawn_link(fun() ->
        [self() ! {waiting, N} || N <- lists:seq(1, Waiting)],
        Server = spawn_link(fun answering/0),
        Figure = bench_peer:timed(fun() -> ask_loop(How, Server, Count) end),
        {message_queue_len, Waiting} = process_info(self(), message_queue_len),
        Self ! {figure, Figure}
    end),
    receive {figure, Figure} -> Figure end.

answering() ->
    receive {ask, From, Tag} -> From ! {Tag, 0} end,
    answering().

ask_loop(_How, _Server, 0) -> ok;
ask_loop(How, Server, Count) ->
    ask(How, Server),
    ask_loop(How, Server, Count - 1).

ask(reference, Server) ->
    Ref = monitor(process, Server),
    Server ! {ask, self(), Ref},
    receive {Ref, _} -> demonitor(Ref, [flush]) end;
ask(pattern, Server) ->
    Server ! {ask, self(), answer},
    receive {answer, _} -> ok end;
%% The answer is there before it is asked for: behind all the others.
ask('pattern, at the end', _Server) ->
    self() ! {answer, 0},
    receive {answer, _} -> ok end;
ask(shift, _Server) ->
    receive _ -> self() ! {waiting, 0} end.

%% Each of Count processes links, or monitors, the same one, here or on another node; then it ends, or
%% the connection. Microseconds to set all up, and from the event until the last one has felt it.
storm(Relation, Event, Node, Count) ->
    {victims, Node} ! {victim, self()},
    Victim = receive {victim, Pid} -> Pid end,
    Counts = counters:new(2, []),
    Workers = [spawn(fun() -> worker(Relation, Counts) end) || _ <- lists:seq(1, Count)],
    SetUp = bench_peer:timed(fun() ->
        [Worker ! Victim || Worker <- Workers],
        until(fun() -> counters:get(Counts, 1) =:= Count end),
        Victim ! {sync, self()},
        receive sync -> ok end
    end),
    Fired = bench_peer:timed(fun() ->
        case Event of
            exit -> Victim ! storm;
            nodedown -> erlang:disconnect_node(Node)
        end,
        case Relation of
            monitor -> until(fun() -> counters:get(Counts, 2) =:= Count end);
            link -> until_dead(Workers)
        end
    end),
    [exit(Worker, kill) || Worker <- Workers],
    %% The other node, too, has to see the end of the connection.
    timer:sleep(100),
    #{setUp => maps:get(us, SetUp), fired => maps:get(us, Fired)}.

worker(link, Counts) ->
    receive Victim -> link(Victim) end,
    counters:add(Counts, 1, 1),
    receive never -> ok end;
worker(monitor, Counts) ->
    receive Victim -> monitor(process, Victim) end,
    counters:add(Counts, 1, 1),
    receive {'DOWN', _, process, _, _} -> counters:add(Counts, 2, 1) end,
    receive never -> ok end.

until_dead([]) -> ok;
until_dead([Worker | Others]) ->
    case is_process_alive(Worker) of
        true -> timer:sleep(1), until_dead([Worker | Others]);
        false -> until_dead(Others)
    end.

until(IsSo) ->
    case IsSo() of
        true -> ok;
        false -> timer:sleep(1), until(IsSo)
    end.
