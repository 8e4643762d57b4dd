#!/usr/bin/env escript
%%! +pc unicode
%% Writes what this OTP release says of terms, as JSON:
%%
%%     escript make-term-vectors.escript > otp-$(release).json
%%
%% otp-25.json, otp-27.json and otp-29.json were made so. A term is written as
%%   {"i":"1"} {"f":"3ff0000000000000"} {"a":"ok"} {"b":"0102","bits":16} {"l":[..],"tail":..}
%%   {"t":[..]} {"m":[[K,V],..]} {"pid":[Node,Id,Serial,Creation]} {"ref":[Node,Creation,[Word,..]]}
%%   {"port":[Node,"Id",Creation]} {"ext":[Module,Function,Arity]}
%%   {"fun":[Module,Arity,Uniq,Index,OldIndex,OldUniq,Pid,[Free,..]]}
%%   {"rec":[Module,Name,Exported,[[Field,Value],..]]}
-mode(compile).

main(_) ->
    io:setopts([{encoding, latin1}]),
    Release = erlang:system_info(otp_release),
    Single = single_terms(),
    Order = order_terms(Release),
    Pretty = pretty_terms(Release),
    out(["{\"release\":", str(Release),
         ",\n\"single\":[\n", lines([single(T) || T <- Single]),
         "],\n\"order\":{\"terms\":[\n", lines([json(T) || T <- Order]),
         "],\n\"compare\":[\n", lines([str([cmp(A, B) || B <- Order]) || A <- Order]),
         "],\n\"same\":[\n", lines([str([same(A, B) || B <- Order]) || A <- Order]),
         "]},\n\"floats\":[\n", lines([[$[, str(hex(<<F/float>>)), $,, str(io_lib:format("~w", [F])), $]]
                                      || F <- floats()]),
         "],\n\"pretty\":[\n", lines([pretty(T) || T <- Pretty]),
         "]}\n"]).

out(Text) -> file:write(standard_io, iolist_to_binary(Text)).

lines(Items) -> lists:join(",\n", Items).

cmp(A, B) when A < B -> $<;
cmp(A, B) when A > B -> $>;
cmp(_, _) -> $=.

same(A, B) when A =:= B -> $=;
same(_, _) -> $..

single(T) ->
    ["{\"term\":", json(T),
     [[",", str(Key), ":", str(io_lib:format(Format, [T]))]
      || {Key, Format} <- [{"w", "~w"}, {"tw", "~tw"}, {"p", "~p"}, {"tp", "~tp"}]],
     ",\"phash2\":", integer_to_list(erlang:phash2(T)),
     ",\"phash2_32\":", integer_to_list(erlang:phash2(T, 1 bsl 32)), "}"].

pretty(T) ->
    ["{\"term\":", json(T),
     [[",", str(integer_to_list(W)), ":", str(io_lib:format("~" ++ integer_to_list(W) ++ "tp", [T]))]
      || W <- [20, 40, 80, 120]], "}"].

%% Terms

single_terms() ->
    integers() ++ [1.5, 0.0, -0.0, 1.0e22, -3.25] ++ atoms() ++ binaries() ++ lists() ++
        [{}, {a}, {1, {2, 3}}, {[], []}, #{}, #{a => 1}, #{1 => #{}}, #{{1} => [2], <<"k">> => v},
         maps:from_list([{I, I * I} || I <- lists:seq(1, 50)]),
         maps:from_list([{integer_to_binary(I), [I]} || I <- lists:seq(1, 40)]),
         fun lists:map/2, fun 'a b':'C'/255, local_fun(0, []), local_fun(3, [1, {a, "b"}])].

integers() ->
    lists:usort([S * ((1 bsl P) + D)
                 || S <- [1, -1], P <- [0, 1, 7, 8, 15, 16, 26, 27, 28, 31, 32, 33, 52, 53, 54, 58, 59, 60, 63, 64,
                                        65, 95, 96, 127, 128, 200, 512], D <- [-1, 0, 1]] ++ [0, 255, 256, 1000]).

atoms() ->
    [list_to_atom(L) || L <-
        ["a", "", "ok", "Ab", "aB", "a_b", "a@b", "a-b", "a b", "1a", "_a", "@a", "a.b", "node@host", "true",
         "false", "'", "\"", "\\", "a'b", "a\\b", "\n", "\t\r\b\f\v\e", [0, 1, 31, 127], [128, 159], [160, 171],
         [223], [233, $a], [201], [247], [$a, 215], [$a, 192], [255], [956], [1234, 1235], [$a, 1234],
         [16#1F600], [16#10FFFF - 2], [$e, 16#301], [16#3042], [16#FF], "nil", "[]", "{}", "$a", lists:duplicate(255, $x),
         lists:duplicate(255, 16#FFFF - 2), [16#C2, 16#A0, 16#C3, $a]
         | string:tokens("after and andalso band begin bnot bor bsl bsr bxor case catch cond div else end fun if let "
                         "maybe not of or orelse receive rem try when xor query spec record export import all some", " ")]].

binaries() ->
    [<<>>, <<0>>, <<255>>, <<"abc">>, <<"a\"b\\c">>, <<"line\n\t\r\v\b\f\e">>, <<"\d">>, <<127, 65>>, <<1, 2, 3>>,
     <<"é"/utf8>>, <<233>>, <<"日本"/utf8>>, <<16#1F600/utf8>>, <<"é"/utf8, 255>>, <<160>>, <<159>>, <<"abc", 0>>,
     <<"twelve bytes">>, <<"thirteen byte">>, <<"eleven byte">>, <<1:1>>, <<5:3>>, <<1, 2, 3:2>>, <<"abc", 1:4>>,
     <<0:7>>, <<127:7>>, list_to_binary(lists:seq(0, 255)), list_to_binary(lists:duplicate(100, $x))].

lists() ->
    [[], [[]], [1], [255], [256], [-1], "abc", "abc\n", "a\"b", "\\", "é", [1234], [$a, 1234], [16#1F600], "\e[0m",
     [127], [128], [160], [16#D800], [16#FFFE], [$a | $b], [1, 2 | c], [a, b, c], [a | b], [1, a, 2, 3, 4, 5, 6, b, 1],
     [[1, 2], [3 | 4]], ["abc", "def"], [1.0, 2], lists:seq(1, 40), [0, 0, 0, 0, 0, x | <<>>], [1, 2, 3, 4],
     [1, 2, 3, 4, 5], [300, 1, 2], [1 | 2], [a | 255], [$a, 0], [$a, 31], "\t"].

floats() ->
    _ = rand:seed(exsss, {1, 2, 3}),
    Shaped = [M * math:pow(10, E) || M <- [1.0, 1.5, -1.23456, 1.234567890123456, 9.999999999999999], E <- lists:seq(-30, 30)],
    Bits = [F || _ <- lists:seq(1, 300), <<F/float>> <- [<<(rand:uniform(1 bsl 64) - 1):64>>]],
    Whole = [float(rand:uniform(1 bsl P)) || P <- lists:seq(1, 80)],
    [0.0, -0.0, 5.0e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 9007199254740991.0, 9007199254740992.0,
     9007199254740994.0, 0.1, 0.3, 100000.0, 123456.0, 1.0e5, 1.0e-5, 1.0e21, 1.0e22, 1.0e23] ++ Shaped ++ Bits ++ Whole.

order_terms(Release) ->
    A = 'a@h', B = 'b@h',
    [0, 1, 1.0, -1, 0.0, -0.0, 0.5, 1 bsl 53, float(1 bsl 53), (1 bsl 53) + 1, 1 bsl 64, float(1 bsl 64),
     (1 bsl 64) + 1, -(1 bsl 64), 1.0e300, -1.0e300, 1 bsl 1200, -(1 bsl 1200), 123456789012345680, 123456789012345680.0,
     123456789012345681, a, b, aa, '', 'A', true, false, list_to_atom([16#FFFD]), list_to_atom([16#1F600]),
     list_to_atom([233]),
     ref(A, 1, [1, 0, 0]), ref(A, 1, [0, 1, 0]), ref(A, 1, [5, 0, 1]), ref(B, 1, [0, 0, 0]), ref(A, 2, [0, 0, 0]),
     fun lists:map/2, fun lists:map/1, fun lists:append/1, fun a:b/0, local_fun(0, []), local_fun(1, []),
     local_fun(0, [1]), local_fun(0, [2]), local_fun(0, [1, 1]),
     port(A, 1, 1), port(A, 2, 1), port(B, 1, 1), port(A, 1, 2), port(A, 16#100000000, 1), port(A, 16#FFFFFFFFFFFFFFFF, 1),
     pid(A, 1, 2, 1), pid(A, 2, 1, 1), pid(B, 1, 1, 1), pid(A, 1, 1, 2), pid(A, 1, 1, 1), pid(A, 3, 0, 1),
     {}, {1}, {1.0}, {2}, {1, 1}, {a, b}, {[], []}, {0, 0, 0},
     #{}, #{a => 1}, #{a => 1.0}, #{a => 2}, #{b => 0}, #{1 => a}, #{1.0 => a}, #{2 => a}, #{0.0 => a}, #{-0.0 => a},
     #{a => 0.0}, #{a => -0.0}, #{{1} => a}, #{{1.0} => a}, #{{2} => a}, #{[1] => a}, #{#{1 => a} => 1}, #{#{1.0 => a} => 1},
     #{a => 1, b => 2}, #{a => 2, b => 1}, #{1 => x, a => y}, #{1.0 => x, a => y}, #{1 => x, 1.0 => y}, #{1.0 => x, 2 => y},
     #{1.5 => x, 2 => y}, #{3 => x, 2 => y}, #{<<"k">> => 1, [k] => 2},
     maps:from_list([{I, I} || I <- lists:seq(1, 40)]), maps:from_list([{I, I} || I <- lists:seq(2, 41)]),
     maps:from_list([{float(I), I} || I <- lists:seq(1, 40)]), maps:from_list([{I, 41 - I} || I <- lists:seq(1, 40)]),
     maps:from_list([{I, float(I)} || I <- lists:seq(1, 40)]), maps:from_list([{{k, I}, I} || I <- lists:seq(1, 40)]),
     [], [1], [1.0], [1, 2], [1 | 2], [1 | a], [1, 2 | 3], [2], [[]], [1, 2, 3], [a | <<>>], [a], [a, b], [a | #{}], [a | {}],
     "abc", "abd", [1 | 1.0], [1 | 1],
     <<>>, <<0>>, <<1>>, <<0:1>>, <<1:1>>, <<0:7>>, <<"abc">>, <<"abcd">>, <<"abd">>, <<"ab", 1:3>>, <<"abc", 0:1>>, <<255>>, <<254:7>>,
     <<127:7>>, <<"ab", 3:3>>] ++ records(Release).

records(Release) when Release >= "29" ->
    [record(m, n, 0, [{a, 1}]), record(m, n, 0, [{a, 1.0}]), record(m, n, 1, [{a, 1}]), record(m, n, 0, [{a, 2}]),
     record(m, n, 0, [{b, 1}]), record(m, n, 0, [{a, 1}, {b, 2}]), record(m, n, 0, [{b, 2}, {a, 1}]),
     record(m, o, 0, []), record(l, z, 1, [{z, 9}]), record('M x', 'N y', 1, [{'F z', "text"}])];
records(_) -> [].

pretty_terms(Release) ->
    _ = rand:seed(exsss, {4, 5, 6}),
    Fixed = [lists:seq(1, 100), [list_to_atom("atom" ++ integer_to_list(I)) || I <- lists:seq(1, 40)],
             list_to_tuple(lists:seq(1, 60)), {ok, lists:seq(1000, 1040)}, list_to_binary(lists:seq(0, 255)),
             {a_rather_long_tag_for_a_tuple, [{key, value}, {another_key, "with text"}, {third, <<1, 2, 3, 4>>}]},
             [{child, {sup, I}, worker, [mod_a, mod_b], permanent, 5000} || I <- lists:seq(1, 4)],
             maps:from_list([{list_to_atom("key" ++ integer_to_list(I)), lists:seq(1, I)} || I <- lists:seq(1, 12)]),
             #{<<"name">> => <<"a text that is long enough to be wrapped somewhere">>, <<"list">> => lists:seq(1, 30),
               <<"map">> => #{<<"inner">> => #{<<"innermost">> => lists:duplicate(5, <<"text">>)}}},
             lists:duplicate(30, $a), string:copies("long text ", 20), list_to_binary(string:copies("long text ", 20)),
             {error, {badmatch, {undef, [{lists, map, [x, "abc"], [{file, "lists.erl"}, {line, 1243}]},
                                         {erl_eval, do_apply, 7, [{file, "erl_eval.erl"}, {line, 748}]}]}}},
             [a | b], [lists:seq(1, 30) | tail], [1, 2, 3 | lists:seq(1, 30)], nested(12, x), nested(40, x), deep(10), deep(30),
             [<<"日本語の文字列"/utf8>>, "ελληνικά", 'Ünïcode', <<"é"/utf8>>, [16#1F600, 16#1F600]], {<<1:1>>, <<1, 2, 3, 4, 5:3>>},
             [binary:copy(<<1, 20, 255>>, 30)], {tag, binary:copy(<<1, 20, 255>>, 30), end_tag}, #{k => binary:copy(<<0>>, 50)},
             #{lists:seq(1, 30) => lists:seq(1, 30)}, #{{a, "long enough a key to need a line"} => {b, "and a value that is as long"}},
             #{a => #{b => #{c => #{d => #{e => #{f => lists:seq(1, 20)}}}}}}, {{1, 2, 3}, {a}, {}, [], #{}},
             [{fun lists:map/2, local_fun(1, [])} || _ <- [1, 2, 3]], lists:duplicate(12, {}), lists:duplicate(3, lists:duplicate(12, 1.5e300))],
    Fixed ++ [random(D) || D <- [1, 2, 3, 4, 5], _ <- lists:seq(1, 12)] ++ pretty_records(Release).

pretty_records(Release) when Release >= "29" ->
    [record(module, name, 1, [{field, 1}]),
     record(module, name, 1, [{list_to_atom("field" ++ integer_to_list(I)), lists:seq(1, I * 3)} || I <- lists:seq(1, 8)]),
     {state, record(a_module, a_rather_long_record_name, 0, [{a_rather_long_field_name, #{a => lists:seq(1, 20)}}, {b, "text"}])},
     [record(m, r, 0, [{a, I}, {b, lists:duplicate(I, x)}]) || I <- lists:seq(1, 12)],
     record(m, r, 0, [{inner, record(m, r, 0, [{inner, record(m, s, 1, [{list, lists:seq(1, 50)}])}])}]),
     record(m, empty, 0, [])];
pretty_records(_) -> [].

nested(0, T) -> T;
nested(N, T) -> {tag, N, nested(N - 1, T)}.

deep(0) -> [];
deep(N) -> [{N, deep(N - 1)}, "some text"].

random(0) -> element(rand:uniform(8), {rand:uniform(1000), a, "text " ++ integer_to_list(rand:uniform(99)), <<"binary">>,
                                      list_to_atom("atom_" ++ integer_to_list(rand:uniform(100000))), rand:uniform(100) / 8,
                                      list_to_binary([rand:uniform(255) || _ <- lists:seq(1, rand:uniform(20))]), []});
random(D) ->
    Parts = [random(rand:uniform(D) - 1) || _ <- lists:seq(1, rand:uniform(6))],
    case rand:uniform(6) of
        1 -> list_to_tuple(Parts);
        2 -> list_to_tuple([list_to_atom(lists:sublist("a_tag_that_is_long", rand:uniform(18))) | Parts]);
        3 -> maps:from_list(lists:enumerate(Parts));
        4 -> maps:from_list([{P, random(D - 1)} || P <- Parts]);
        5 -> Parts;
        6 -> Parts ++ random(0)
    end.

%% Terms that only a node elsewhere can make

at(A) -> B = atom_to_binary(A), <<119, (byte_size(B)), B/binary>>.
pid(N, Id, Serial, Creation) -> binary_to_term(<<131, 88, (at(N))/binary, Id:32, Serial:32, Creation:32>>).
port(N, Id, Creation) -> binary_to_term(<<131, 120, (at(N))/binary, Id:64, Creation:32>>).
ref(N, Creation, Words) ->
    binary_to_term(<<131, 90, (length(Words)):16, (at(N))/binary, Creation:32, (<< <<W:32>> || W <- Words >>)/binary>>).
local_fun(Index, Free) ->
    Body = iolist_to_binary([<<1, 0:128, Index:32, (length(Free)):32>>, at(some_module), <<97, Index, 98, 12345:32>>,
                             <<88, (at('a@h'))/binary, 1:32, 0:32, 1:32>>, [value(F) || F <- Free]]),
    binary_to_term(<<131, 112, (byte_size(Body) + 4):32, Body/binary>>).
record(M, N, Exported, Fields) ->
    binary_to_term(iolist_to_binary([<<131, 67, (length(Fields)):32, Exported>>, at(M), at(N), [at(F) || {F, _} <- Fields],
                                     [value(V) || {_, V} <- Fields]])).
value(V) -> <<131, Rest/binary>> = term_to_binary(V), Rest.

%% JSON

json(T) when is_integer(T) -> ["{\"i\":", str(integer_to_list(T)), "}"];
json(T) when is_float(T) -> ["{\"f\":", str(hex(<<T/float>>)), "}"];
json(T) when is_atom(T) -> ["{\"a\":", str(atom_to_list(T)), "}"];
json(T) when is_bitstring(T) ->
    Pad = (8 - bit_size(T) rem 8) rem 8,
    ["{\"b\":", str(hex(<<T/bits, 0:Pad>>)), ",\"bits\":", integer_to_list(bit_size(T)), "}"];
json(T) when is_list(T) ->
    {Items, Tail} = split(T, []),
    ["{\"l\":", array([json(I) || I <- Items]), [[",\"tail\":", json(Tail)] || Tail =/= []], "}"];
json(T) when is_tuple(T) -> ["{\"t\":", array([json(I) || I <- tuple_to_list(T)]), "}"];
json(T) when is_map(T) -> ["{\"m\":", array([array([json(K), json(V)]) || {K, V} <- pairs(maps:next(maps:iterator(T)))]), "}"];
json(T) when is_function(T) ->
    case erlang:fun_info(T, type) of
        {type, external} ->
            [{module, M}, {name, N}, {arity, A}] = [erlang:fun_info(T, I) || I <- [module, name, arity]],
            ["{\"ext\":", array([str(atom_to_list(M)), str(atom_to_list(N)), integer_to_list(A)]), "}"];
        {type, local} ->
            [Index, Free] = [element(2, erlang:fun_info(T, I)) || I <- [index, env]],
            ["{\"fun\":", array([str("some_module"), "1", str(hex(<<0:128>>)), integer_to_list(Index), integer_to_list(Index),
                                 "12345", json(pid('a@h', 1, 0, 1)), array([json(F) || F <- Free])]), "}"]
    end;
json(T) when is_pid(T) ->
    {N, <<Id:32, Serial:32, Creation:32>>} = identifier(T, 1),
    ["{\"pid\":", array([str(N) | [integer_to_list(X) || X <- [Id, Serial, Creation]]]), "}"];
json(T) when is_port(T) ->
    {N, Rest} = identifier(T, 1),
    <<Id:(bit_size(Rest) - 32), Creation:32>> = Rest,
    ["{\"port\":", array([str(N), str(integer_to_list(Id)), integer_to_list(Creation)]), "}"];
json(T) when is_reference(T) ->
    {N, <<Creation:32, Words/binary>>} = identifier(T, 3),
    ["{\"ref\":", array([str(N), integer_to_list(Creation), array([integer_to_list(W) || <<W:32>> <= Words])]), "}"];
json(T) ->
    <<131, 67, Count:32, Exported, Rest/binary>> = term_to_binary(T),
    {[M, N | Names], Rest1} = terms(Count + 2, Rest, []),
    {Values, <<>>} = terms(Count, Rest1, []),
    Fields = [array([str(atom_to_list(F)), json(V)]) || {F, V} <- lists:zip(Names, Values)],
    ["{\"rec\":", array([str(atom_to_list(M)), str(atom_to_list(N)), atom_to_list(Exported =:= 1), array(Fields)]), "}"].

%% In the order in which io_lib prints them.
pairs(none) -> [];
pairs({K, V, Next}) -> [{K, V} | pairs(maps:next(Next))].

terms(0, Rest, Acc) -> {lists:reverse(Acc), Rest};
terms(Count, Bytes, Acc) ->
    {T, Used} = binary_to_term(<<131, Bytes/binary>>, [used]),
    <<_:(Used - 1)/binary, Rest/binary>> = Bytes,
    terms(Count - 1, Rest, [T | Acc]).

identifier(T, Skip) ->
    <<131, _:Skip/binary, Tag, More/binary>> = term_to_binary(T),
    Size = case Tag of 100 -> 16; 118 -> 16; _ -> 8 end,
    <<Length:Size, Name:Length/binary, Rest/binary>> = More,
    {binary_to_list(Name), Rest}.

split([H | T], Acc) -> split(T, [H | Acc]);
split(Tail, Acc) -> {lists:reverse(Acc), Tail}.

array(Items) -> [$[, lists:join($,, Items), $]].
hex(Bytes) -> [io_lib:format("~2.16.0b", [B]) || <<B>> <= Bytes].

str(Text) -> [$", [char(C) || C <- unicode:characters_to_list(Text)], $"].

char(C) when C =:= $"; C =:= $\\ -> [$\\, C];
char(C) when C >= 32, C < 127 -> C;
char(C) when C < 16#10000 -> io_lib:format("\\u~4.16.0b", [C]);
char(C) -> <<High:16, Low:16>> = <<C/utf16>>, [char(High), char(Low)].
