using System;
using System.Diagnostics;
using System.Globalization;

namespace Starling.Sim.Dht;

/// <summary>The command <c>dht</c>.</summary>
internal static class DhtCommand
{
    internal static int Run(string[] args)
    {
        if (!TryParse(args, out DhtScenario scenario, out string problem))
        {
            Console.Error.WriteLine(problem);
            return 2;
        }

        long begun = Stopwatch.GetTimestamp();
        DhtReport report = DhtWorld.Run(scenario);
        double minutes = scenario.JoinMinutes + scenario.SettleMinutes + scenario.Minutes;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{scenario.Nodes} nodes, {scenario.ChurnPerHour:0%} churn an hour, {scenario.Hostile:0%} hostile, {scenario.Loss:0%} loss, seed {scenario.Seed}"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"found       {report.Found} of {report.Lookups} lookups, {report.FoundRatio:0.00%}"));
        Print("hops", DhtReport.Quantile(report.Hops, 0.5), DhtReport.Quantile(report.Hops, 0.95), DhtReport.Quantile(report.Hops, 1));
        Print("seconds", DhtReport.Quantile(report.Seconds, 0.5), DhtReport.Quantile(report.Seconds, 0.95), DhtReport.Quantile(report.Seconds, 1));
        Print("queries", DhtReport.Quantile(report.Queries, 0.5), DhtReport.Quantile(report.Queries, 0.95), DhtReport.Quantile(report.Queries, 1));
        Print("stored at", DhtReport.Quantile(report.Announced, 0.5), DhtReport.Quantile(report.Announced, 0.05), DhtReport.Quantile(report.Announced, 0));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"traffic     {report.Datagrams / (minutes * scenario.Nodes):0.0} datagrams and {report.Bytes / (minutes * scenario.Nodes * 1024):0.00} KiB a node and minute; {report.MadeUpPeers} made-up peers"));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"simulated   {minutes:0} minutes, {report.Events} events in {Stopwatch.GetElapsedTime(begun).TotalSeconds:0.0} s"));
        return 0;
    }

    private static void Print(string what, double median, double edge, double last) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{what,-11} median {median:0.###}, outer 5 % {edge:0.###}, worst {last:0.###}"));

    private static bool TryParse(string[] args, out DhtScenario scenario, out string problem)
    {
        scenario = new DhtScenario();
        problem = "";
        for (int i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length || !double.TryParse(args[i + 1], CultureInfo.InvariantCulture, out double value) || value < 0)
            {
                problem = $"{args[i]} needs a number";
                return false;
            }

            switch (args[i])
            {
                case "--nodes": scenario = scenario with { Nodes = (int)value }; break;
                case "--churn": scenario = scenario with { ChurnPerHour = value }; break;
                case "--hostile": scenario = scenario with { Hostile = value }; break;
                case "--loss": scenario = scenario with { Loss = value }; break;
                case "--latency": scenario = scenario with { Latency = value }; break;
                case "--minutes": scenario = scenario with { Minutes = value }; break;
                case "--lookups": scenario = scenario with { Lookups = (int)value }; break;
                case "--swarms": scenario = scenario with { Swarms = (int)value }; break;
                case "--seed": scenario = scenario with { Seed = (ulong)value }; break;
                default:
                    problem = $"unknown option {args[i]}";
                    return false;
            }
        }

        int honest = scenario.Nodes - (int)(scenario.Hostile * scenario.Nodes);
        problem = honest < 10 || scenario.Hostile > 1 ? "at least ten honest nodes are needed"
            : scenario.Swarms < 1 || scenario.Swarms * scenario.PeersOfSwarm > honest / 2 ? "swarms: from 1 to one for six honest nodes" : "";
        return problem.Length == 0;
    }
}
