#!/usr/bin/env escript
%% Prints the vectors of one OTP release as JSON: what term_to_binary writes, and bytes made by hand
%% that binary_to_term reads.
%%
%%     escript make-vectors.escript > otp-27.json
%%
%% Each vector: "name"; "term", as Erlang prints it; "hex", the external term; "options" it was
%% written with; "encodable": whether encoding what was decoded must give the same bytes. Vectors made
%% by hand have "same" instead: what the release writes for the term it read.
-mode(compile).

main(_) ->
    io:setopts([{encoding, unicode}]),
    Release = erlang:system_info(otp_release),
    All = written(Release) ++ by_hand(Release),
    io:format("{~n\"otp\": ~s,~n\"erts\": \"~s\",~n\"vectors\": [~n",
              [Release, erlang:system_info(version)]),
    io:put_chars(lists:join(",\n", [json(V) || V <- All])),
    io:format("~n]~n}~n").

json({Name, Term, Options, Hex}) ->
    ["{\"name\":", quoted(Name), ",\"term\":", text(Term), ",\"options\":", quoted(Options),
     ",\"encodable\":true,\"hex\":\"", Hex, "\"}"];
json({by_hand, Name, Term, Hex, Same}) ->
    ["{\"name\":", quoted(Name), ",\"term\":", text(Term), ",\"options\":\"by hand\"",
     ",\"encodable\":false,\"hex\":\"", Hex, "\",\"same\":\"", Same, "\"}"].

text(Term) ->
    Text = lists:flatten(io_lib:format("~0tp", [Term])),
    quoted(case length(Text) > 160 of
               true -> lists:sublist(Text, 157) ++ "...";
               false -> Text
           end).

quoted(Text) -> [$", [escaped(C) || C <- unicode:characters_to_list(Text)], $"].

escaped($") -> "\\\"";
escaped($\\) -> "\\\\";
escaped(C) when C < 32; C > 126, C < 65536 -> io_lib:format("\\u~4.16.0b", [C]);
escaped(C) when C > 65535 ->
    [io_lib:format("\\u~4.16.0b", [Unit]) || <<Unit:16>> <= <<C/utf16>>];
escaped(C) -> C.

hex(Bytes) -> string:lowercase(binary:encode_hex(Bytes)).

%% ---- What term_to_binary writes ----------------------------------------------------------------

written(Release) ->
    Default = [{Name, T, "", hex(term_to_binary(T))} || {Name, T} <- terms() ++ of_release(Release)],
    Maps = [{"deterministic " ++ Name, T, "deterministic", hex(term_to_binary(T, [deterministic]))}
            || {Name, T} <- maps()],
    Minor = [{lists:concat(["minor_version ", V, " ", Name]), T, lists:concat(["minor_version ", V]),
              hex(term_to_binary(T, [{minor_version, V}]))}
             || V <- [1, 2], {Name, T} <- atoms() ++ identifiers()],
    Compressed = [{lists:concat(["compressed ", Level, " ", Name]), T, lists:concat(["compressed ", Level]),
                   hex(term_to_binary(T, [{compressed, Level}]))}
                  || Level <- [1, 6, 9], {Name, T} <- compressible()],
    Default ++ Maps ++ Minor ++ Compressed ++ local(Release).

terms() ->
    integers() ++ floats() ++ atoms() ++ lists() ++ tuples() ++ maps() ++ binaries() ++ identifiers()
        ++ funs() ++ mixed().

integers() ->
    Edges = [0, 1, 127, 128, 255, 256, -1, -128, -255, -256, 65535, 65536, 2147483647, 2147483648,
             -2147483648, -2147483649, 4294967295, 4294967296, 1 bsl 40 - 1, 1 bsl 40, 1 bsl 48,
             1 bsl 53 - 1, 1 bsl 53, 1 bsl 53 + 1, -(1 bsl 53) + 1, -(1 bsl 53), -(1 bsl 53) - 1,
             1 bsl 56, 1 bsl 59 - 1, 1 bsl 59, -(1 bsl 59), 1 bsl 63 - 1, 1 bsl 63, -(1 bsl 63),
             -(1 bsl 63) - 1, 1 bsl 64 - 1, 1 bsl 64, -(1 bsl 64), 1 bsl 65, 1 bsl 72, 1 bsl 128 - 1,
             1 bsl 128, -(1 bsl 200) + 7],
    [{lists:concat(["integer ", I]), I} || I <- Edges] ++
        [{"integer of 255 bytes", 1 bsl 2040 - 1}, {"integer of 256 bytes", 1 bsl 2040},
         {"negative integer of 256 bytes", -(1 bsl 2040)}, {"integer of 257 bytes", 1 bsl 2048 + 1},
         {"integer of 2001 bytes", 1 bsl 16000 + 12345678901234567890}].

floats() ->
    Floats = [0.0, 1.0, -1.0, 1.5, 0.1, -0.1, 3.141592653589793, 1.0e15, 1.0e16, 1.0e22, 1.0e300,
              1.0e308, 1.7976931348623157e308, 2.2250738585072014e-308, 5.0e-324, 9007199254740993.0],
    [{io_lib:format("float ~p", [F]), F} || F <- Floats] ++
        [{"float -0.0", binary_to_term(<<131, 70, 128, 0:56>>)},
         {"denormal float", binary_to_term(<<131, 70, 0, 15, 255:8, 255:8, 255:8, 255:8, 255:8, 255:8>>)}].

atoms() ->
    [{"atom a", a}, {"atom true", true}, {"atom false", false}, {"atom nil", nil}, {"atom empty", ''},
     {"atom with space", 'hello world'}, {"atom latin1", list_to_atom([16#e5])},
     {"atom of 128 latin1", list_to_atom(lists:duplicate(128, 16#e5))},
     {"atom utf8 2 bytes", list_to_atom([16#4d2])}, {"atom utf8 3 bytes", list_to_atom([16#20ac])},
     {"atom utf8 4 bytes", list_to_atom([16#1f600])}, {"atom of 0", list_to_atom([0])},
     {"atom of 255 characters", list_to_atom(lists:duplicate(255, $x))},
     {"atom of 255 latin1", list_to_atom(lists:duplicate(255, 16#ff))},
     {"atom of 127 wide characters", list_to_atom(lists:duplicate(127, 16#4d2))},
     {"atom of 128 wide characters", list_to_atom(lists:duplicate(128, 16#4d2))},
     {"atom of 255 4-byte characters", list_to_atom(lists:duplicate(255, 16#1f600))}].

lists() ->
    [{"nil", []}, {"list of bytes", [1, 2, 3]}, {"string", "hello"}, {"list of 0", [0]},
     {"list of 255", [255]}, {"list of 256", [256]}, {"list of -1", [-1]}, {"list of atoms", [a, b]},
     {"bytes, then 256", [1, 2, 3, 256]}, {"bytes, then an atom", [1, 2, a]},
     {"bytes, then a float", [1, 2.0]}, {"nested list", [[[[]]]]}, {"list of lists", [[1], [2, [3]]]},
     {"improper pair", [a | b]}, {"improper bytes", [1, 2 | 3]}, {"improper, tail a tuple", [a, b | {c}]},
     {"improper, tail a binary", [<<"a">> | <<"b">>]}, {"unicode string", [16#20ac, 16#1f600]},
     {"list of 1000 integers", lists:seq(1, 1000)}, {"string of 300", lists:duplicate(300, $x)},
     {"nested 300 deep", lists:foldl(fun(_, T) -> [T] end, [], lists:seq(1, 300))}].

tuples() ->
    [{"tuple 0", {}}, {"tuple 1", {a}}, {"tuple 2", {a, 1}}, {"nested tuple", {{{}, {a}}, b}},
     {"tuple 255", erlang:make_tuple(255, 0)}, {"tuple 256", erlang:make_tuple(256, x)},
     {"tuples 300 deep", lists:foldl(fun(I, T) -> {I, T} end, {}, lists:seq(1, 300))}].

maps() ->
    [{"map 0", #{}}, {"map 1", #{a => 1}}, {"map of integer keys", #{1 => a, 2 => b, -3 => c}},
     {"map of 1 and 1.0", #{1 => integer, 1.0 => float}},
     {"map of 0.0", #{0.0 => zero}},
     {"map of binary keys", #{<<"a">> => 1, <<"b">> => <<"c">>, <<>> => []}},
     {"map of every kind of key", #{a => 1, 1 => 2, 1.5 => 3, {} => 4, [] => 5, "s" => 6, <<1>> => 7,
                                    #{} => 8, {1, 2} => 9, <<1:1>> => 10, [a | b] => 11}},
     {"nested map", #{a => #{b => #{c => #{}}}}}, {"map as key", #{#{a => 1} => #{b => 2}}},
     {"map of 32", maps:from_list([{I, I * I} || I <- lists:seq(1, 32)])},
     {"map of 33", maps:from_list([{I, I * I} || I <- lists:seq(1, 33)])},
     {"map of 100 mixed", maps:from_list(
         [{I, I} || I <- lists:seq(1, 30)] ++ [{float(I), I} || I <- lists:seq(1, 20)] ++
         [{integer_to_binary(I), I} || I <- lists:seq(1, 25)] ++
         [{list_to_atom("k" ++ integer_to_list(I)), I} || I <- lists:seq(1, 25)])},
     {"map 250 deep", lists:foldl(fun(I, T) -> #{I => T} end, #{}, lists:seq(1, 250))}].

binaries() ->
    [{"binary 0", <<>>}, {"binary 1", <<0>>}, {"binary text", <<"hello">>},
     {"binary utf8", <<"h\303\251llo">>}, {"binary not utf8", <<255, 254, 0>>},
     {"binary of 300", binary:copy(<<"abc">>, 100)}, {"binary of 5000", binary:copy(<<"abcde">>, 1000)},
     {"bit string 1:1", <<1:1>>}, {"bit string 5:3", <<5:3>>}, {"bit string 17 bits", <<1, 2, 1:1>>},
     {"bit string 15 bits", <<16#abcd:15>>}, {"bit string 7 bits", <<127:7>>}].

identifiers() ->
    [{"pid of this node", list_to_pid("<0.87.0>")},
     {"reference of this node", binary_to_term(
         <<131, 90, 3:16, 119, 13, "nonode@nohost", 0:32, 12345:32, 77:32, 99:32>>)},
     {"pid of a node", id(<<88>>, <<87:32, 3:32, 1732190000:32>>)},
     {"pid of a node, largest", id(<<88>>, <<16#fffffff:32, 16#ffffffff:32, 16#ffffffff:32>>)},
     {"pid of a node, creation 0", id(<<88>>, <<1:32, 0:32, 0:32>>)},
     {"port of a node", id(<<89>>, <<5:32, 1732190000:32>>)},
     {"port of a node, 28 bits", id(<<89>>, <<16#fffffff:32, 1:32>>)},
     {"port of a node, 29 bits", id(<<120>>, <<16#10000000:64, 1:32>>)},
     {"port of a node, 53 bits", id(<<120>>, <<(1 bsl 53 - 1):64, 1:32>>)},
     {"port of a node, 64 bits", id(<<120>>, <<16#fedcba9876543210:64, 3:32>>)},
     {"reference of a node, 1 word", id(<<90, 1:16>>, <<1732190000:32, 5:32>>)},
     {"reference of a node, 2 words", id(<<90, 2:16>>, <<1732190000:32, 5:32, 6:32>>)},
     {"reference of a node, 3 words", id(<<90, 3:16>>, <<1732190000:32, 5:32, 6:32, 7:32>>)},
     {"reference of a node, 5 words", id(<<90, 5:16>>, <<1:32, 5:32, 6:32, 7:32, 16#ffffffff:32, 9:32>>)},
     {"alias tag", [alias | id(<<90, 3:16>>, <<1732190000:32, 5:32, 6:32, 7:32>>)]}].

id(Head, Rest) -> binary_to_term(<<131, Head/binary, 119, 8, "app@host", Rest/binary>>).

funs() ->
    [{"external fun", fun lists:map/2}, {"external fun of arity 255", fun true:false/255},
     {"external fun, wide atom", fun 'm \x{4d2}':f/0},
     {"fun", foreign_fun([])}, {"fun with variables", foreign_fun([1, {a, <<"b">>}, [c]])},
     {"fun with a fun", foreign_fun([foreign_fun([x])])}].

%% A fun of a module that is not here: its bytes are the same in every release.
foreign_fun(Free) ->
    Rest = iolist_to_binary(
        [<<2, 16#000102030405060708090a0b0c0d0e0f:128, 7:32, (length(Free)):32>>,
         plain(elsewhere), plain(7), plain(123456789),
         <<88, 119, 8, "app@host", 87:32, 0:32, 1732190000:32>>, [plain(F) || F <- Free]]),
    binary_to_term(<<131, 112, (byte_size(Rest) + 4):32, Rest/binary>>).

plain(Term) ->
    <<131, Rest/binary>> = term_to_binary(Term),
    Rest.

mixed() ->
    [{"gen_server call", {'$gen_call', {id(<<88>>, <<87:32, 3:32, 1:32>>),
                                        [alias | id(<<90, 3:16>>, <<1:32, 5:32, 6:32, 7:32>>)]},
                          {get, <<"key">>}}},
     {"proplist", [{port, 8080}, verbose, {name, "x"}, {ratio, 0.5}, {tags, [a, b]}]},
     {"iolist", [<<"a">>, $b, ["cd" | <<"e">>]]}].

of_release("25") -> [{"port of this node", hd(erlang:ports())}];
of_release("27") ->
    [{"port of this node", hd(erlang:ports())}, {"string of 65535", lists:duplicate(65535, $x)},
     {"list of 65536 bytes", lists:duplicate(65536, $x)}];
of_release("29") ->
    [{"port of this node", hd(erlang:ports())}] ++
        [{Name, binary_to_term(iolist_to_binary([131, Bytes]))}
         || {Name, Bytes} <- [
             {"record, no fields", record(0, [])},
             {"record, exported", record(1, [{x, 1}, {y, 2.5}])},
             {"record, private", record(0, [{name, <<"Ada">>}, {tags, [a, b]}, {id, 1 bsl 70}])},
             {"record in a record", record(1, [{inner, raw(record(0, [{x, {}}]))}])},
             {"record in a list", [<<108, 1:32>>, record(1, [{x, "s"}]), 106]}]];
of_release(_) -> [].

raw(Bytes) -> {raw, Bytes}.

record(Flags, Fields) ->
    [<<67, (length(Fields)):32, Flags>>, plain(geometry), plain(point),
     [plain(Name) || {Name, _} <- Fields],
     [case Value of {raw, Bytes} -> Bytes; _ -> plain(Value) end || {_, Value} <- Fields]].

compressible() ->
    [{"30 atoms", lists:duplicate(30, a)}, {"text", binary:copy(<<"the same again ">>, 50)},
     {"too short", [a, b]}, {"zeros", binary:copy(<<0>>, 5000)},
     {"integers", lists:seq(1, 200)}].

local(Release) when Release >= "26" ->
    [{"local", {local, 'only the node that wrote it reads it'}, "local",
      hex(term_to_binary([a, {self()}], [local]))}];
local(_) -> [].

%% ---- Made by hand: what older nodes wrote, and what only hands write -----------------------------

by_hand(Release) ->
    Node = <<100, 8:16, "app@host">>,
    [begin
         Bytes = iolist_to_binary([131, B]),
         Term = binary_to_term(Bytes),
         {by_hand, Name, Term, hex(Bytes), hex(term_to_binary(Term))}
     end || {Name, B} <- [
         {"ATOM_EXT", <<100, 2:16, "ok">>},
         {"ATOM_EXT latin1", <<100, 2:16, 16#e5, 16#e4>>},
         {"ATOM_EXT of 255", [<<100, 255:16>>, lists:duplicate(255, 16#ff)]},
         {"ATOM_EXT true", <<100, 4:16, "true">>},
         {"SMALL_ATOM_EXT", <<115, 2, "ok">>},
         {"SMALL_ATOM_EXT latin1", <<115, 1, 16#e5>>},
         {"ATOM_UTF8_EXT, short", <<118, 2:16, "ok">>},
         {"FLOAT_EXT 1.5", [99, old_float("1.50000000000000000000e+00")]},
         {"FLOAT_EXT -0.1", [99, old_float("-1.00000000000000005551e-01")]},
         {"FLOAT_EXT 1.0e300", [99, old_float("1.00000000000000005250e+300")]},
         {"PID_EXT", [103, Node, <<87:32, 3:32, 2>>]},
         {"PORT_EXT", [102, Node, <<5:32, 1>>]},
         {"REFERENCE_EXT", [101, Node, <<77:32, 1>>]},
         {"NEW_REFERENCE_EXT", [<<114, 3:16>>, Node, <<2, 1:32, 2:32, 3:32>>]},
         {"NEW_REFERENCE_EXT, 1 word", [<<114, 1:16>>, Node, <<2, 1:32>>]},
         {"NEW_PORT_EXT", [89, Node, <<5:32, 7:32>>]},
         {"V4_PORT_EXT, small", [120, Node, <<5:64, 7:32>>]},
         {"LARGE_TUPLE_EXT of 2", <<105, 2:32, 97, 1, 97, 2>>},
         {"LIST_EXT of bytes", <<108, 2:32, 97, 1, 97, 2, 106>>},
         {"LIST_EXT of 0 items", <<108, 0:32, 106>>},
         {"LIST_EXT of 0 items, tail an atom", <<108, 0:32, 119, 1, "a">>},
         {"LIST_EXT, tail a LIST_EXT", <<108, 1:32, 119, 1, "a", 108, 1:32, 119, 1, "b", 106>>},
         {"LIST_EXT, tail a STRING_EXT", <<108, 1:32, 119, 1, "a", 107, 2:16, 1, 2>>},
         {"LIST_EXT, tail an improper list", <<108, 1:32, 97, 1, 108, 1:32, 97, 2, 97, 3>>},
         {"STRING_EXT of 0", <<107, 0:16>>},
         {"INTEGER_EXT of 1", <<98, 1:32>>},
         {"SMALL_BIG_EXT of 1", <<110, 1, 0, 1>>},
         {"SMALL_BIG_EXT of 0 bytes", <<110, 0, 0>>},
         {"SMALL_BIG_EXT of -1", <<110, 1, 1, 1>>},
         {"SMALL_BIG_EXT with high zeros", <<110, 9, 0, 1, 2, 3, 4, 5, 0, 0, 0, 0>>},
         {"SMALL_BIG_EXT of 2^53", <<110, 7, 0, 0, 0, 0, 0, 0, 0, 32>>},
         {"LARGE_BIG_EXT, short", <<111, 9:32, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9>>},
         {"LARGE_BIG_EXT with high zeros", [<<111, 300:32, 0, 1, 2, 3>>, lists:duplicate(297, 0)]},
         {"BIT_BINARY_EXT of 8 bits", <<77, 2:32, 8, 1, 2>>},
         {"BIT_BINARY_EXT, unused bits set", <<77, 1:32, 3, 255>>},
         {"MAP_EXT, keys in no order", <<116, 2:32, 97, 2, 119, 1, "b", 97, 1, 119, 1, "a">>},
         {"NEW_FUN_EXT, wrong size",
          [<<112, 1:32, 0, 0:128, 0:32, 0:32, 119, 1, "m", 97, 0, 97, 0, 88>>, Node, <<1:32, 0:32, 1:32>>]},
         {"NEW_FUN_EXT with a PID_EXT",
          [<<112, 54:32, 0, 0:128, 0:32, 0:32, 119, 1, "m", 97, 0, 97, 0, 103>>, Node, <<1:32, 0:32, 1>>]},
         {"EXPORT_EXT with latin1 atoms", <<113, 100, 1:16, "m", 115, 1, "f", 97, 3>>},
         {"EXPORT_EXT, arity an INTEGER_EXT", <<113, 119, 1, "m", 119, 1, "f", 98, 3:32>>}
         | by_hand_of(Release)]].

%% Not read any more by later releases.
by_hand_of("25") -> [{"BIT_BINARY_EXT of no bytes", <<77, 0:32, 0>>}];
by_hand_of(_) -> [].

old_float(Text) -> [Text, lists:duplicate(31 - length(Text), 0)].
