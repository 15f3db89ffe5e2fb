using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.IO;
using System.Linq;
using Starling.Core.Model;

namespace Starling.Commands;

/// <summary>
/// <c>starling model</c>: how many rounds a swarm is expected to take that chooses at random, as BitWorker does, beside the fewest possible,
/// which a swarm that announces its choice comes close to.
/// </summary>
internal static class ModelCommand
{
    private const int Digits = 6;

    public static Command Build()
    {
        Option<int[]> pieces = Numbers("--pieces", "pieces of the task; several make a table");
        Option<int[]> peers = Numbers("--peers", "peers that compute; several make a table");
        var command = new Command("model", "Expected rounds of a swarm that picks pieces at random, and the fewest possible.") { pieces, peers };
        command.SetAction(parsed => Run(
            parsed.GetRequiredValue(pieces), parsed.GetRequiredValue(peers), parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error));
        return command;
    }

    private static int Run(int[] pieces, int[] peers, TextWriter output, TextWriter error)
    {
        if (!ExpectedCompletion.IsWithinBounds(pieces.Max(), peers.Max()))
        {
            error.WriteLine(
                $"starling model: --pieces {pieces.Max()} --peers {peers.Max()}: the exact fraction would take too long; pieces × peers may be {ExpectedCompletion.MaxExactCost} at most.");
            error.WriteLine("Try 'starling model --help'.");
            return ExitCode.Usage;
        }

        Write(pieces, peers, output);
        return ExitCode.Done;
    }

    /// <summary>The table for every pair.</summary>
    public static void Write(int[] pieces, int[] peers, TextWriter writer)
    {
        writer.WriteLine("pieces  peers  random choice  speed-up  wasted runs  fewest  this program's bound");
        foreach (int n in pieces)
        {
            foreach (int m in peers)
            {
                ExpectedCompletion model = ExpectedCompletion.Of(n, m);
                writer.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{n,6}  {m,5}  {model.RoundsText(Digits),13}  {model.SpeedUp,8:0.000}  {model.WastedRuns,11:0.0}  {model.LeastRounds,6}  {model.LeastRounds * Slack,20:0.00}"));
            }
        }

        writer.WriteLine();
        writer.WriteLine("random choice: rounds (of one piece's time) when every peer picks among the missing pieces without knowing what the others pick.");
        writer.WriteLine("fewest: pieces ÷ peers, rounded up. This program announces each pick; its bound is what its measurements must keep, 6 % above the fewest.");
    }

    // What docs/benchmarks.md holds this program to, start-up, announcing and transfer included.
    private const double Slack = 1.06;

    private static Option<int[]> Numbers(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        Required = true,
        AllowMultipleArgumentsPerToken = true,
        CustomParser = result => [.. result.Tokens.Select(token => Parse(result, name, token.Value))],
    };

    private static int Parse(ArgumentResult result, string name, string text)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= 1)
        {
            return value;
        }

        result.AddError($"{name} {text}: give a whole number from 1.");
        return 1;
    }
}
