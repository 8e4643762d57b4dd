#!/usr/bin/env escript
%% Erlang's side of the codec rows: makes the terms, and times term_to_binary and binary_to_term.
%%
%% Answers every line of standard input:
%%   terms          one line per term: name, a space, the external term in base64; then "done"
%%   time NAME MS   one line for that term: name, nanoseconds to encode, to decode; then "done"
-mode(compile).

main(_) ->
    Terms = terms(),
    serve(Terms).

serve(Terms) ->
    case words(io:get_line("")) of
        ["terms"] ->
            [io:format("~s ~s~n", [Name, base64:encode(encode(T))]) || {Name, T} <- Terms],
            io:format("done~n"),
            serve(Terms);
        ["time", Name, Ms] ->
            Time = list_to_integer(Ms) * 1000,
            {Name, Term} = lists:keyfind(Name, 1, Terms),
            Bytes = encode(Term),
            E = timed(fun() -> encode(Term) end, Time),
            D = timed(fun() -> binary_to_term(Bytes) end, Time),
            io:format("~s ~.1f ~.1f~n", [Name, E, D]),
            io:format("done~n"),
            serve(Terms);
        _ ->
            ok
    end.

words(eof) -> [];
words(Line) -> string:lexemes(Line, " \n").

%% What every release since 26 writes; 25 when asked.
encode(T) -> term_to_binary(T, [{minor_version, 2}]).

%% Nanoseconds per call, in a process of its own.
timed(F, Time) ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit({ns, measure(F, 1, Time)}) end),
    receive {'DOWN', Monitor, process, Pid, {ns, Ns}} -> Ns end.

measure(F, N, Time) ->
    {T, _} = timer:tc(fun() -> repeat(F, N) end),
    if
        T >= Time -> T * 1000 / N;
        true -> measure(F, max(N * 2, N * Time div max(T, 1)), Time)
    end.

repeat(_, 0) -> ok;
repeat(F, N) -> F(), repeat(F, N - 1).

terms() ->
    rand:seed(exsss, {1, 2, 3}),
    [{"call", call()},
     {"small", {42, <<"hello">>}},
     {"map", nested_map()},
     {"document", document()},
     {"ints", lists:seq(1, 10000)},
     {"tuples", [{item, I + 0.25, list_to_binary(io_lib:format("binary~4..0w", [I rem 10000]))}
                 || I <- lists:seq(1, 10000)]},
     {"binary", rand:bytes(1024 * 1024)},
     {"proplist", proplist()},
     {"bigs", [I * 1234567890123456789 bsl (I rem 100) || I <- lists:seq(1001, 1100)]}].

%% A gen_server call as it arrives from another node.
call() ->
    Node = <<119, 8, "app@host">>,
    Pid = binary_to_term(<<131, 88, Node/binary, 93:32, 0:32, 1732190000:32>>),
    Ref = binary_to_term(<<131, 90, 3:16, Node/binary, 1732190000:32, 112233:32, 99:32, 77:32>>),
    {'$gen_call', {Pid, [alias | Ref]}, {lookup, 42}}.

nested_map() ->
    #{type => user, id => 123456, name => <<"Ada Lovelace">>, active => true, score => 98.5,
      address => #{street => <<"12 St James's Square">>, city => <<"London">>, zip => <<"SW1Y 4JH">>,
                   geo => #{lat => 51.5074, lon => -0.1278}},
      roles => [admin, editor, viewer],
      limits => #{rate => 1000, burst => 50, window => 60, quota => #{daily => 100000, used => 4711}},
      contacts => [#{kind => mail, value => <<"ada@example.org">>, verified => true},
                   #{kind => phone, value => <<"+44 20 7946 0000">>, verified => false},
                   #{kind => web, value => <<"https://example.org/ada">>, verified => true}],
      history => [#{at => 1732190000 + I, event => login, ok => true, ms => 12.5 + I}
                  || I <- lists:seq(1, 6)],
      settings => #{theme => dark, lang => <<"en-GB">>, tz => <<"Europe/London">>, beta => false}}.

%% What a JSON document looks like in Erlang: maps with binaries as keys.
document() ->
    [#{<<"id">> => I, <<"name">> => iolist_to_binary(["Person number ", integer_to_list(I)]),
       <<"email">> => iolist_to_binary(["person", integer_to_list(I), "@example.org"]),
       <<"age">> => 20 + I rem 60, <<"balance">> => I * 10.25 + 0.5, <<"active">> => I rem 2 =:= 0,
       <<"tags">> => [<<"alpha">>, <<"beta">>, <<"gamma">>],
       <<"position">> => #{<<"lat">> => 51.5 + I / 1000.0, <<"lon">> => -0.125 - I / 1000.0},
       <<"about">> => <<"Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod.">>}
     || I <- lists:seq(1, 300)].

proplist() ->
    Names = [list_to_atom("option_" ++ integer_to_list(I)) || I <- lists:seq(1, 64)],
    Values = [true, false, undefined, infinity, enabled, disabled, default, normal],
    [{lists:nth(1 + I rem 64, Names), lists:nth(1 + I rem 8, Values)} || I <- lists:seq(1, 400)].
