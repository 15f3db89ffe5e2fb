using System;
using System.IO;
using System.Text;
using Starling.Display;
using Starling.Events;

namespace Starling.Run;

/// <summary>Chooses where events go: JSON lines, a live picture on a terminal, plain lines anywhere else.</summary>
internal static class RunOutputs
{
    public static IRunOutput Choose(bool json, int peers, RunClock clock)
    {
        bool terminal = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
        if (!json && terminal)
        {
            return new LiveOutput(LiveOutput.Terminal(), peers, () => clock.Elapsed);
        }

        var writer = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false));
        return new OutputThread(json ? new JsonOutput(writer) : new PlainOutput(writer, peers));
    }
}
