/** The flags that matter most; the guide has them all. */
export const USAGE = `usage: node examples/echo-node.mjs -sname Name | -name Name@Host [flags of erl]
       node examples/echo-node.mjs -ping Name@Host [flags of erl]

A node that echoes; or, with -ping, a question to another node: pong, or pang and the reason.
It takes the flags of erl, and those in ERL_AFLAGS, ERL_FLAGS and ERL_ZFLAGS:

  -setcookie Cookie           default: the one in ~/.erlang.cookie
  -proto_dist Carrier         inet_tcp (default), inet6_tcp, inet_tls, inet6_tls, erl_uds
  -ssl_dist_optfile File      TLS: the options of both sides, in Erlang's syntax
  -ssl_dist_opt Name Value    TLS: one option, such as server_certfile node.pem
  -hidden, -dist_listen false, -allow a@host,b@host
  -start_epmd false, -erl_epmd_port Port, -epmd_module Module
  -kernel Name Value          such as inet_dist_use_interface '{127,0,0,1}'
  -args_file File, -config File

docs/guide/08-tls.md and docs/guide/10-isolation.md explain them. Exit status: 0, or 1 with the reason.`;
