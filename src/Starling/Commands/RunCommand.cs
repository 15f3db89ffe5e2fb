using System;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using Starling.Core.Engine;
using Starling.Run;

namespace Starling.Commands;

/// <summary><c>starling run</c>: joins, computes, shares, merges, then seeds until stopped.</summary>
internal static class RunCommand
{
    public static Command Build()
    {
        var task = new Argument<string>("TASK") { Description = "a .starling, .yaml, .rbw or .comptorrent file, or a magnet link" };
        Option<string?> data = ImportCommand.DataOption();
        var dir = new Option<string?>("--dir") { Description = "folder for the output (default: named after the task)", HelpName = "DIR" };
        Option<int?> slots = BoundedNumber.Option("--slots", 1, RunSettings.MaxSlots, "pieces computed at once (default: cores ÷ local peers)");
        Option<IPEndPoint?> listen = ListenOption();
        Option<string[]> peers = PeerOption();
        Option<int?> localPeers = BoundedNumber.Option(
            "--local-peers", 1, RunSettings.MaxLocalPeers, "start N peers on this machine, each with its own process, identity and folder DIR/peer-K");
        var trust = new Option<bool>("--trust") { Description = "treat the task as mine: run its commands without walls, accept any attested result" };
        Option<string?> keep = KeepOption();
        var network = new Option<bool>("--network") { Description = "let walled commands of this task use the network, if it asks for that" };
        var exit = new Option<bool>("--exit") { Description = "leave when the output is complete and the others have what they need" };
        var noPortMapping = new Option<bool>("--no-port-mapping") { Description = "do not ask the router to forward the port (UPnP, NAT-PMP, PCP)" };
        var engine = new Option<string?>("--container-engine") { Description = "run container tasks by Podman or Docker, by this socket (none: not even if config.yaml says so), instead of within the program's own walls", HelpName = "SOCKET" };
        var publish = new Option<bool>("--publish") { Description = "make the finished output a torrent and share it with any BitTorrent client" };
        var json = new Option<bool>("--json") { Description = "print one JSON object per event and line" };
        var noUtp = new Option<bool>("--no-utp") { Description = "connect by TCP alone, not by uTP" };
        Option<bool> noDht = NoDhtOption();
        Option<string[]> routers = RouterOption();
        var command = new Command("run", "Join the swarm of a task: compute, share and merge; then share until stopped.")
        {
            task, data, dir, slots, listen, peers, localPeers, noUtp, noDht, routers, noPortMapping, trust, network, keep, engine, publish, exit, json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(publish) && result.GetValue(exit))
            {
                result.AddError("--publish shares the output until it is stopped, --exit leaves when it is complete: give one of them.");
            }
        });
        command.SetAction(parsed => RunAction.Run(new RunSettings
        {
            Task = parsed.GetRequiredValue(task),
            Data = parsed.GetValue(data),
            Dir = parsed.GetValue(dir),
            Slots = parsed.GetValue(slots),
            Listen = parsed.GetValue(listen),
            Peers = parsed.GetValue(peers) ?? [],
            LocalPeers = parsed.GetValue(localPeers) ?? 1,
            UseUtp = !parsed.GetValue(noUtp),
            UseDht = !parsed.GetValue(noDht),
            DhtRouters = parsed.GetValue(routers) ?? [],
            Keep = KeepRule.TryParse(parsed.GetValue(keep), out KeepRule rule) ? rule : KeepRule.All,
            Trust = parsed.GetValue(trust),
            Network = parsed.GetValue(network),
            ContainerEngine = parsed.GetValue(engine),
            Exit = parsed.GetValue(exit),
            MapPort = !parsed.GetValue(noPortMapping),
            Publish = parsed.GetValue(publish),
            Json = parsed.GetValue(json),
        }));
        return command;
    }

    private static Option<string?> KeepOption()
    {
        var keep = new Option<string?>("--keep")
        {
            Description = "results kept and shared once the output is made: all (default), own (computed here), or N copies in the swarm",
            HelpName = "all|own|N",
        };
        keep.Validators.Add(result =>
        {
            string text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
            if (!KeepRule.TryParse(text, out _))
            {
                result.AddError($"--keep {text}: write all, own, or a number of copies from 1 to {KeepRule.MaxCopies}.");
            }
        });
        return keep;
    }

    /// <summary><c>--listen</c>.</summary>
    public static Option<IPEndPoint?> ListenOption() => new("--listen")
    {
        Description = "where other peers reach this one (default: every address, any free port)",
        HelpName = "ADDR:PORT",
        CustomParser = ParseListen,
    };

    /// <summary><c>--peer</c>.</summary>
    public static Option<string[]> PeerOption()
    {
        var peers = new Option<string[]>("--peer") { Description = "a peer to connect to; may be given many times", HelpName = "HOST:PORT" };
        peers.Validators.Add(CheckPeers);
        return peers;
    }

    /// <summary><c>--no-dht</c>.</summary>
    public static Option<bool> NoDhtOption() => new("--no-dht") { Description = "do not look for peers in the DHT" };

    /// <summary><c>--dht-router</c>.</summary>
    public static Option<string[]> RouterOption()
    {
        var routers = new Option<string[]>("--dht-router")
        {
            Description = "a node of the DHT to begin with; may be given many times (none is built in)",
            HelpName = "HOST:PORT",
        };
        routers.Validators.Add(CheckPeers);
        return routers;
    }

    /// <summary>Splits <c>host:port</c> or <c>[v6]:port</c>; the host is resolved later, by the network.</summary>
    public static bool TrySplitHostPort(string text, out string host, out int port)
    {
        int colon = text.LastIndexOf(':');
        host = colon > 0 ? text[..colon] : "";
        port = 0;
        bool bracketed = host.StartsWith('[') && host.EndsWith(']');
        if (host.Contains(':') && !bracketed)
        {
            return false;
        }

        host = bracketed ? host[1..^1] : host;
        return host.Length > 0 && int.TryParse(text.AsSpan(colon + 1), out port) && port is > 0 and <= ushort.MaxValue;
    }

    private static IPEndPoint? ParseListen(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        int colon = text.LastIndexOf(':');
        if (colon > 0 && IPEndPoint.TryParse(text, out IPEndPoint? point) && (text.StartsWith('[') || text.IndexOf(':') == colon))
        {
            return point;
        }

        result.AddError($"--listen {text}: this is no ADDR:PORT. Write for example 0.0.0.0:6881, [::]:6881 or 127.0.0.1:0 (0: any free port).");
        return null;
    }

    private static void CheckPeers(OptionResult result)
    {
        foreach (Token token in result.Tokens)
        {
            if (!TrySplitHostPort(token.Value, out _, out _))
            {
                result.AddError($"{result.Option.Name} {token.Value}: this is no HOST:PORT. Write for example 192.0.2.7:6881, [2001:db8::7]:6881 or name.example:6881.");
            }
        }
    }
}
