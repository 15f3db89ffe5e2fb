using System;
using System.Reflection;
using Starling.Commands;
using Starling.LocalPeers;
using Starling.Runtime.Wasm.Worker;

namespace Starling;

internal static class Program
{
    /// <summary>What this program calls itself.</summary>
    public static string Version { get; } =
        typeof(Program).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    private static int Main(string[] args)
    {
        // These three are answered before anything of the command line is loaded: many children start at once, and scripts ask for versions.
        if (args.Length == 1 && args[0] == PeerProtocol.Argument)
        {
            return LocalPeer.Serve();
        }

        if (args.Length == 1 && args[0] == WasmServer.Argument)
        {
            return WasmServer.Serve(Console.OpenStandardInput(), Console.OpenStandardOutput());
        }

        if (args.Length == 1 && args[0] == "--version")
        {
            Console.WriteLine($"starling {Version}");
            return ExitCode.Done;
        }

        return CommandTree.Invoke(args, Console.Out, Console.Error);
    }
}
