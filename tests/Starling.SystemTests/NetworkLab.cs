using System;
using System.Collections.Generic;
using System.Diagnostics;
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

    public void Dispose() => _namespaces.ForEach(name => Try("ip", "netns", "delete", name));

    internal static bool Try(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
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
