using System;
using System.IO;
using System.Net;
using Starling.Tests.App.EndToEnd;

namespace Starling.SystemTests.Lab;

/// <summary>A home router: masquerades a local network behind one address, and runs miniupnpd.</summary>
internal static class NatRouter
{
    /// <summary>
    /// Adds a router with its local network. miniupnpd mistrusts outer addresses of private or example ranges, so the lab's "Internet" is a real range.
    /// </summary>
    /// <param name="lab">The lab; its machine <c>net</c> has the bridge <c>br0</c>.</param>
    /// <param name="home">For files.</param>
    /// <param name="name">The router.</param>
    /// <param name="outside">Its address on the Internet, of a /24 whose .1 is <c>net</c>.</param>
    /// <param name="inside">The first three numbers of its local network; it is .1.</param>
    /// <param name="upnp">Whether it speaks UPnP.</param>
    /// <param name="pcp">Whether it speaks PCP and NAT-PMP.</param>
    /// <param name="forwards">Whether it does what it is asked for, not refuse all of it.</param>
    public static void Add(
        LabNetwork lab, ScratchFolder home, string name, IPAddress outside, string inside, bool upnp, bool pcp, bool forwards = true)
    {
        lab.Machine(name);
        lab.Wire("net", $"p{name}", name, "wan");
        lab.Ip("net", $"link set p{name} master br0");
        lab.Address(name, "wan", $"{outside}/24");
        lab.Ip(name, "link add lan type bridge mcast_snooping 0");
        lab.Address(name, "lan", $"{inside}.1/24");
        lab.Ip(name, "link set lan up");
        lab.Forward(name);
        lab.Exec(name, "sh", "-c", "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done");
        lab.Exec(name, "nft", "-f", home.File($"{name}.nft", """
            table inet filter {
              chain miniupnpd { }
              chain prerouting_miniupnpd { }
              chain postrouting_miniupnpd { }
              chain forward { type filter hook forward priority 0; policy drop;
                ct state established,related accept
                iifname "lan" accept
                jump miniupnpd; }
              chain input { type filter hook input priority 0; policy accept;
                iifname "wan" ct state new drop; }
              chain prerouting { type nat hook prerouting priority -100; policy accept; jump prerouting_miniupnpd; }
              chain postrouting { type nat hook postrouting priority 100; policy accept; jump postrouting_miniupnpd
                oifname "wan" masquerade; }
            }

            """));
        string config = home.File($"{name}.conf", $"""
            ext_ifname=wan
            listening_ip=lan
            port=5000
            enable_upnp={(upnp ? "yes" : "no")}
            enable_natpmp={(pcp ? "yes" : "no")}
            secure_mode=yes
            min_lifetime=1
            max_lifetime=86400
            system_uptime=yes
            uuid={Guid.NewGuid()}
            upnp_table_name=filter
            upnp_nat_table_name=filter
            upnp_forward_chain=miniupnpd
            upnp_nat_chain=prerouting_miniupnpd
            upnp_nat_postrouting_chain=postrouting_miniupnpd
            lease_file={Path.Combine(home.Path, $"{name}.leases")}
            clean_ruleset_interval=600
            {(forwards ? "allow" : "deny")} 1024-65535 {inside}.0/24 1024-65535
            deny 0-65535 0.0.0.0/0 0-65535

            """);
        if (!upnp && !pcp)
        {
            return;
        }

        lab.Spawn(name, "miniupnpd", "-f", config, "-P", Path.Combine(home.Path, $"{name}.pid"), "-d");
    }

    /// <summary>Adds a machine to a router's local network, which knows nothing but its address and the router.</summary>
    public static void AddHost(LabNetwork lab, string router, string name, string inside, int number)
    {
        lab.Machine(name);
        lab.Wire(router, $"v{name}", name, "eth0");
        lab.Ip(router, $"link set v{name} master lan");
        lab.Address(name, "eth0", $"{inside}.{number}/24");
        lab.Ip(name, $"route add default via {inside}.1");
    }

    /// <summary>Whether the router forwards any port.</summary>
    public static bool ForwardsAnything(LabNetwork lab, string name) =>
        lab.Exec(name, "nft", "list", "table", "inet", "filter").Contains("dnat", StringComparison.Ordinal);
}
