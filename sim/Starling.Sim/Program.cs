using System;
using Starling.Sim.Dht;
using Starling.Sim.Reduced;
using Starling.Sim.Swarms;

namespace Starling.Sim;

internal static class Program
{
    private static int Main(string[] args) => args switch
    {
        ["swarm", .. string[] rest] => SwarmCommand.One(rest),
        ["seeds", .. string[] rest] => SwarmCommand.Many(rest),
        ["crosscheck", .. string[] rest] => CrossCheck.Run(rest),
        ["reduced", .. string[] rest] => ReducedCommand.One(rest),
        ["schedulers", .. string[] rest] => ReducedCommand.Schedulers(rest),
        ["curve", .. string[] rest] => ReducedCommand.Curve(rest),
        ["dht", .. string[] rest] => DhtCommand.Run(rest),
        _ => Usage(),
    };

    private static int Usage()
    {
        Console.Error.WriteLine("usage: swarm [--peers N] [--pieces N] [--seconds S] [--seed N] [--scenario NAME] … | seeds N [--from S]");
        Console.Error.WriteLine("     | reduced [--peers N] [--pieces-per-peer N] [--seconds S] … | curve | schedulers … | crosscheck …");
        Console.Error.WriteLine("     | dht [--nodes N] [--churn X] [--hostile X] [--loss X] [--minutes M] [--lookups N] [--seed N] …");
        return 2;
    }
}
