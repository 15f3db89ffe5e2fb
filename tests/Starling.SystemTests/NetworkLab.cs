using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Threading;

namespace Starling.SystemTests;

/// <summary>A test that makes network namespaces; skipped where that is not permitted.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NetworkLabFactAttribute : FactAttribute
{
    public NetworkLabFactAttribute()
    {
        string probe = $"st{Environment.ProcessId}p";
        bool may = NetworkLab.Try("ip", "netns", "add", probe);
        Skip = may ? null : "making network namespaces needs root and iproute2 (scripts/install-test-tools.sh installs it)";
        if (may)
        {
            NetworkLab.Try("ip", "netns", "delete", probe);
        }
    }
}

/// <summary>
/// Hosts in network namespaces of their own, joined by a router: host k (1, 2, …) has the address 198.18.k.2 and a /24 for itself, so that no
/// multicast reaches another, and the addresses are none of a local network; or all are on one link, with 198.18.0.k. Nothing else can be reached. Ends with its test.
/// </summary>
internal sealed class NetworkLab : IDisposable
{
    private static int _labs;

    private readonly string _name = $"st{Environment.ProcessId}x{Interlocked.Increment(ref _labs)}";
    private readonly List<string> _namespaces = [];
    private readonly List<string> _folders = [];
    private readonly bool _oneLink;

    public NetworkLab(int hosts, bool oneLink = false)
    {
        _oneLink = oneLink;
        string router = Add("r");
        if (oneLink)
        {
            Run("ip", "-n", router, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0");
            Run("ip", "-n", router, "link", "set", "br0", "up");
        }

        Run("ip", "netns", "exec", router, "sysctl", "-qw", "net.ipv4.ip_forward=1");
        for (int host = 1; host <= hosts; host++)
        {
            string name = Add($"h{host}");
            Run("ip", "link", "add", $"{_name}a{host}", "type", "veth", "peer", "name", $"{_name}b{host}");
            Run("ip", "link", "set", $"{_name}a{host}", "netns", router);
            Run("ip", "link", "set", $"{_name}b{host}", "netns", name);
            Run("ip", "-n", name, "address", "add", $"{AddressOf(host)}/24", "dev", $"{_name}b{host}");
            Run("ip", "-n", router, "link", "set", $"{_name}a{host}", "up");
            Run("ip", "-n", name, "link", "set", $"{_name}b{host}", "up");
            if (oneLink)
            {
                Run("ip", "-n", router, "link", "set", $"{_name}a{host}", "master", "br0");
                Run("ip", "-n", name, "route", "add", "default", "dev", $"{_name}b{host}");
            }
            else
            {
                Run("ip", "-n", router, "address", "add", $"198.18.{host}.1/24", "dev", $"{_name}a{host}");
                Run("ip", "-n", name, "route", "add", "default", "via", $"198.18.{host}.1");
            }
        }
    }

    public static string Address(int host) => $"198.18.{host}.2";

    /// <summary>The address of a host of this lab.</summary>
    public string AddressOf(int host) => _oneLink ? $"198.18.0.{host}" : Address(host);

    /// <summary>What comes before a command so that it runs on that host.</summary>
    public string[] On(int host) => ["ip", "netns", "exec", $"{_name}h{host}"];

    public void Dispose()
    {
        _namespaces.ForEach(name => Try("ip", "netns", "delete", name));
        _folders.ForEach(folder => Directory.Delete(folder, recursive: true));
    }

    /// <summary>Lets no TCP pass between two hosts, though it does to all others; a refusal is told at once.</summary>
    public void RefuseTcp(int host, int other)
    {
        string[] nft = ["ip", "netns", "exec", _name + "r", "nft"];
        Run([.. nft, "add table ip lab"]);
        Run([.. nft, "add chain ip lab forward { type filter hook forward priority 0; }"]);
        foreach ((int from, int to) in new[] { (host, other), (other, host) })
        {
            Run([.. nft, $"add rule ip lab forward ip saddr {AddressOf(from)} ip daddr {AddressOf(to)} meta l4proto tcp reject with tcp reset"]);
        }
    }

    /// <summary>Gives a host further addresses, each in a /24 of its own: 198.19.1.1, 198.19.2.1 and so on. They reach it from all hosts.</summary>
    public void AddAddresses(int host, int count)
    {
        Run("ip", "-n", _name + "r", "route", "add", "198.19.0.0/16", "via", AddressOf(host));
        for (int number = 1; number <= count; number++)
        {
            Run("ip", "-n", $"{_name}h{host}", "address", "add", $"198.19.{number}.1/32", "dev", $"{_name}b{host}");
        }
    }

    /// <summary>Lets a host know names, as a name server would.</summary>
    public void Name(int host, string address, params string[] names)
    {
        // ip netns exec puts what is there in place of /etc/hosts.
        string folder = $"/etc/netns/{_name}h{host}";
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "hosts"), $"127.0.0.1 localhost\n{address} {string.Join(' ', names)}\n");
        _folders.Add(folder);
    }

    internal static bool Try(string program, params string[] arguments) => Finish(program, arguments).Status == 0;

    /// <summary>What a program prints.</summary>
    internal static string Answer(string program, params string[] arguments) => Finish(program, arguments).Output;

    private static (int Status, string Output) Finish(string program, string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            process.ErrorDataReceived += (_, _) => { };
            process.BeginErrorReadLine();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return (-1, "");
        }
    }

    private static void Run(params string[] command)
    {
        if (!Try(command[0], command[1..]))
        {
            throw new InvalidOperationException($"This did not work: {string.Join(' ', command)}");
        }
    }

    private string Add(string suffix)
    {
        string name = _name + suffix;
        Run("ip", "netns", "add", name);
        _namespaces.Add(name);
        Run("ip", "-n", name, "link", "set", "lo", "up");
        return name;
    }
}
