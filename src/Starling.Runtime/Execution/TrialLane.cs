using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Starling.Core.Engine;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Runtime.Storage;

namespace Starling.Runtime.Execution;

/// <summary>
/// Runs the task's <c>checker</c> on one result, or its <c>compare</c> on two, one after the other in a folder of its own. The results are copies: what the
/// command does to them harms nothing. Used by one thread.
/// </summary>
internal sealed class TrialLane
{
    /// <summary>Code of every <see cref="Problem"/> of a checker or a comparison.</summary>
    public const string Code = "checker";

    // A shell's own words for: may not be run, is not there; from here on, ended by a signal.
    private const int FirstStatusOfFailure = 126;
    private const int ToldErrors = 200;

    private readonly RunContext _context;
    private readonly string _name;
    private readonly RunPlace _place;
    private readonly StderrTail _errors = new();

    /// <param name="context">The task.</param>
    /// <param name="name">A name for its folder that no other lane has.</param>
    public TrialLane(RunContext context, string name)
    {
        _context = context;
        _name = name;
        _place = new RunPlace(context.Site, context.Task, Path.Combine(context.TrialFolder, name));
    }

    /// <summary>Asks the command. Exit 0 is yes, 1 to 125 no; anything else, and every limit, settles nothing.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="result">Writes the result to a path.</param>
    /// <param name="other">Writes the result to compare it with; null: the checker looks at one.</param>
    /// <param name="started">Gets the process, so that it can be killed.</param>
    public TrialOutcome Ask(int piece, Action<string> result, Action<string>? other, Action<IRunningCommand> started)
    {
        string? chunk = null;
        try
        {
            if (_context.Inputs.TryEnter(piece, $"trial-{_name}", out chunk) is { } problem)
            {
                return new TrialOutcome.Failed(problem);
            }

            if (!_place.TryPrepare(out problem))
            {
                return new TrialOutcome.Failed(problem);
            }

            string folder = _place.Begin();
            result(Path.Combine(folder, "result"));
            other?.Invoke(Path.Combine(folder, "other"));
            string? inputs = _context.Inputs.Show(_place);
            string? part = _context.Inputs.ShowChunk(_place, chunk);
            return Run(piece, RunVariables.OfTrial(_context, piece, inputs, part, _place.InWork("result"), other is null ? null : _place.InWork("other")), started);
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            return new TrialOutcome.Failed(StoreProblem.OfWrite(failure, _context.TrialFolder, _context.Task.PieceLength));
        }
        finally
        {
            TidyUp(chunk);
        }
    }

    private TrialOutcome Run(int piece, IReadOnlyList<KeyValuePair<string, string?>> variables, Action<IRunningCommand> started)
    {
        if (!_place.TryStart(_context.Task.Verify.TrialCommand!, variables, out IRunningCommand? process, out Problem? problem, moreBytes: 2 * _context.Task.PieceLength))
        {
            return new TrialOutcome.Failed(problem);
        }

        started(process);
        _errors.Clear();
        ProcessEnd end = process.Run(static _ => true, _errors, _context.Task.Limits.Wall);
        string? errorFile = _context.Errors.Save(string.Create(CultureInfo.InvariantCulture, $"checker-{piece:D6}.txt"), _errors);
        if (end.IsSuccess)
        {
            return new TrialOutcome.Passed();
        }

        string what = _context.Task.Verify is VerifySpec.Checker ? $"the checker on a result of piece {piece}" : $"the comparison of two results of piece {piece}";
        Problem cause = RunOutcome.WithErrors(RunOutcome.ProblemOf(_context.Task, what, end, errorFile), Code, _errors.ToText().Trim(), ToldErrors);
        bool isAnswer = end is { Cause: KillCause.None, Signal: 0, ExitCode: < FirstStatusOfFailure };
        return isAnswer ? new TrialOutcome.Rejected(cause) : new TrialOutcome.Failed(cause);
    }

    private void TidyUp(string? chunk)
    {
        try
        {
            _context.Inputs.Leave(chunk);
            _place.End();
        }
        catch (Exception failure) when (StoreProblem.IsOfTheWorld(failure))
        {
            // The answer stands. A folder that can't be emptied is tried again, and told, when it is needed next.
        }
    }
}
